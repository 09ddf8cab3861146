/** Hosts that cannot boot: what a connect, `im status` and `im wake` say about it. */
import test from "ava";
import { needing } from "./requirements.js";
import { built, World } from "./world.js";

const hosts = {
  missing: { command: ["no-such-program"], listen: [7000] },
  "ends-at-once": { command: ["sh", "-c", "echo no config >&2; exit 3"], listen: [7000] },
  silent: { command: ["sleep", "1000"], listen: [7000], bootTimeout: "1s" },
} as const;

/** Host, errno of a blocking connect, code and message of the reason. */
const rows = [
  ["missing", "ECONNREFUSED", "IM_GUEST_COMMAND", /cannot execute `no-such-program`: No such file/],
  ["ends-at-once", "ECONNREFUSED", "IM_GUEST_EXITED", /the command exited with code 3 before/],
  ["silent", "ETIMEDOUT", "IM_BOOT_TIMEOUT", /did not listen on its first declared port within/],
] as const;

let world: World;

test.before(async () => {
  world = await World.open();
  await world.deploy(hosts);
});

test.after.always(() => world.close());

for (const [host, errno, code, message] of rows) {
  needing()(`a blocking connect to a host that is ${host} fails with ${errno}`, async (t) => {
    const client = world.startClient(built("dial"));
    client.write(`${host} 7000`);
    t.is(await client.line(), `connect: ${errno}`);
    await client.finish();
    const { stdout } = await world.im("status", host, "--json");
    const [{ state, error }] = JSON.parse(stdout).hosts;
    t.deepEqual([state, error.code], ["failed", code]);
    t.regex(error.message, message);
  });

  needing()(`im wake of a host that is ${host} prints the reason and what to do`, async (t) => {
    const ended = await world.im("wake", host);
    t.deepEqual([ended.code, ended.stdout], [1, ""]);
    t.true(ended.stderr.startsWith(`error[${code}]: ${host} (`), ended.stderr);
    t.regex(ended.stderr, message);
    t.regex(ended.stderr, /^ {2}fix: \S/m);
  });

  needing()(`a plain client of a host that is ${host} is reset`, async (t) => {
    const client = world.start(built("dial"));
    client.write(`${await world.address(host)} 7000 hello`);
    t.regex(await client.line(), /^(?:send|recv): ECONNRESET$/);
    await client.finish();
  });
}
