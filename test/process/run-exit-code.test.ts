/** `im run` ends as its program does. */
import test from "ava";
import { needing } from "./requirements.js";
import { World } from "./world.js";

let world: World;

test.before(async () => {
  world = await World.open();
  await world.deploy({ web: { command: ["sleep", "1000"], listen: [80] } });
});

test.after.always(() => world.close());

/** Exit code as a shell sees it. */
async function codeOf(script: string): Promise<string> {
  const run = [process.execPath, ...world.command("run", "--", "sh", "-c", script)];
  return (await world.start("sh", "-c", '"$@"; echo "$?"', "sh", ...run).finish()).stdout.trim();
}

for (const [title, script, code] of [
  ["succeeds", "exit 0", "0"],
  ["fails", "exit 7", "7"],
  ["is terminated", "kill -TERM $$", "143"],
  ["is killed", "kill -KILL $$", "137"],
] as const) {
  needing()(`im run of a program that ${title} gives ${code}`, async (t) => {
    t.is(await codeOf(script), code);
  });
}

needing()("a signal to im run reaches its program", async (t) => {
  const script = 'trap "echo asked; exit 5" TERM; echo ready; while :; do sleep 0.1; done';
  const client = world.startClient("sh", "-c", script);
  t.is(await client.line(), "ready");
  const ended = await client.kill("SIGTERM");
  t.deepEqual([ended.code, ended.stdout], [5, "ready\nasked\n"]);
});

needing()("a command that does not exist is the user's mistake", async (t) => {
  const ended = await world.im("run", "--", "no-such-program");
  t.is(ended.code, 1);
  t.true(ended.stderr.startsWith("error[IM_COMMAND_NOT_FOUND]: no-such-program"), ended.stderr);
});

needing()("input and output of im run are the program's own", async (t) => {
  const client = world.startClient("sh", "-c", "cat; echo problem >&2");
  client.write("in");
  const { stdout, stderr } = await client.finish();
  t.deepEqual([stdout, stderr], ["in\n", "problem\n"]);
});
