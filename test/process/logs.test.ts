import { needing } from "./requirements.js";
import { World } from "./world.js";

needing()("im logs has both outputs of every life, to the last line before the exit", async (t) => {
  const script = 'echo "out $IM_INCARNATION"; echo "err $IM_INCARNATION" >&2; printf last';
  const world = await World.of(t, { worker: { command: script, shell: true, ready: "exec" } });
  for (const life of [1, 2]) {
    await world.client.wake("shop", "worker");
    await world.happens(({ to, incarnation }) => to === "imaginary" && incarnation === life);
  }
  const { stdout } = await world.im("logs", "worker");
  const lines = stdout.trimEnd().split("\n");
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
  for (const line of lines) t.regex(line, time);
  const said = lines.map((line) => line.replace(time, ""));
  for (const life of ["1", "2"]) {
    const own = said.filter((line) => line.startsWith(`${life} `));
    t.deepEqual(
      own.filter((line) => line.includes(" err ")),
      [`${life} err err ${life}`],
    );
    t.deepEqual(
      own.filter((line) => line.includes(" out ")),
      [`${life} out out ${life}`, `${life} out last`],
    );
    t.is(own.at(-1), `${life} im exited code 0`);
  }
});

needing()("im logs -f goes on with the lines of the next life", async (t) => {
  const script = 'echo "life $IM_INCARNATION"; sleep 1000';
  const host = { command: script, shell: true, ready: "exec", stopGrace: "200ms" };
  const world = await World.of(t, { worker: host });
  await world.client.wake("shop", "worker");
  const follower = world.start(process.execPath, ...world.command("logs", "-f", "worker"));
  const next = async (text: string): Promise<string> => {
    const line = await follower.line();
    return line.endsWith(text) ? line : next(text);
  };
  t.regex(await next("life 1"), / 1 out life 1$/);
  await world.stop("worker");
  await world.client.wake("shop", "worker");
  t.regex(await next("life 2"), / 2 out life 2$/);
  await follower.kill("SIGTERM");
});
