/** Nothing of ours is open in a guest but the control descriptor. */
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

/** Of the shell itself; what its own look at the directory had open is gone when it is tested. */
const list = `
  for each in /proc/$$/fd/*; do [ -e "$each" ] && printf "%s " "\${each##*/}"; done
  echo "control $IM_CONTROL"`;

/** Numbers in ascending order, and which of them is the control descriptor. */
function parse(line: string): { readonly open: readonly number[]; readonly control: number } {
  const [, open = "", control = ""] =
    /((?:\d+ )+)control (\d*)$/.exec(line.replace(/\n$/, "")) ?? [];
  const numbers = open.trim().split(" ").map(Number);
  return { open: numbers.sort((a, b) => a - b), control: Number(control) };
}

needing()("a guest has 0, 1, 2 and the control descriptor", async (t) => {
  const command = `${list}; exec ${built("guest")} 7000`;
  const world = await World.of(t, { guest: { command, shell: true, listen: [7000] } });
  await world.client.wake("shop", "guest");
  const { stdout } = await world.im("logs", "guest");
  const line = stdout.split("\n").find((text) => / control \d+$/.test(text)) ?? "nothing";
  const { open, control } = parse(line.replace(/^.* out /, ""));
  t.deepEqual(open, [0, 1, 2, control], line);
  t.true(control >= 900);
});

needing()("a program of im run has what it would have without, and control", async (t) => {
  const world = await World.of(t, { guest: { command: ["sleep", "1000"], listen: [7000] } });
  const alone = parse((await world.start("sh", "-c", list).finish()).stdout);
  const within = parse((await world.im("run", "--", "sh", "-c", list)).stdout);
  t.deepEqual(within.open, [...alone.open, within.control]);
  t.true(within.control >= 900);
});

const script = `
import os, socket
s = socket.socket()
s.bind(("", 7000))
s.listen()
socket.create_connection((os.environ["IM_HOST"], 7000)).close()
s.accept()[0].close()
names = os.listdir("/proc/self/fd")
still = {int(name) for name in names if os.path.exists("/proc/self/fd/" + name)}
print("open", *sorted(still - {s.fileno(), int(os.environ["IM_CONTROL"])}), flush=True)
s.accept()
`;

needing("python3")("after bind, connect and accept it has none more", async (t) => {
  const world = await World.of(t, {
    guest: { command: ["python3", "-c", script], listen: [7000] },
  });
  await world.client.wake("shop", "guest");
  const follow = world.start(process.execPath, ...world.command("logs", "guest", "-f"));
  let line = await follow.line();
  while (!line.includes(" open ")) line = await follow.line();
  t.regex(line, / open 0 1 2$/);
  await follow.kill("SIGINT");
});
