/** Connects that lead nowhere, told as the kernel would tell them. */
import test from "ava";
import { needing } from "./requirements.js";
import { built, World } from "./world.js";

const guest = { command: [built("guest"), "7000"], listen: [7000] };

let world: World;

test.before(async () => {
  world = await World.open();
  await world.deploy({ guest });
  await world.deploy({ stranger: guest }, "other");
});

test.after.always(() => world.close());

async function dial(line: string): Promise<string> {
  const client = world.start(
    process.execPath,
    ...world.command("run", "--deployment", "shop", "--", built("dial")),
  );
  client.write(line);
  return (await client.finish()).stdout.trim();
}

needing()("an overlay address that no host has is unreachable", async (t) => {
  const [first = 0, second = 0] = (await world.address("guest")).split(".").map(Number);
  t.is(await dial(`${first}.${second}.31.7 7000`), "connect: EHOSTUNREACH");
});

needing()("a port that a running host did not declare refuses", async (t) => {
  t.is(await dial("guest 7000"), "life 1");
  t.is(await dial("guest 7001"), "connect: ECONNREFUSED");
});

needing()("a port that an imaginary host did not declare boots it and refuses", async (t) => {
  await world.stop("guest");
  const { incarnation } = await world.host("guest");
  t.is(await dial("guest 7002"), "connect: ECONNREFUSED");
  t.deepEqual((await world.host("guest")).incarnation, incarnation + 1);
});

needing()("hosts of another deployment have no name and no way to them here", async (t) => {
  const address = await world.address("stranger", "other");
  t.is(await dial(`${address} 7000`), "connect: EHOSTUNREACH");
  t.regex(await dial("stranger 7000"), /^getaddrinfo: /);
  t.is((await world.host("stranger", "other")).state, "imaginary");
});

needing()("a guest cannot reach another deployment either", async (t) => {
  const address = await world.address("stranger", "other");
  const script = `echo "${address} 7000" | ${built("dial")}; exec ${built("guest")} 7000`;
  await world.deploy({ guest, caller: { command: script, shell: true, listen: [7000] } });
  await world.client.wake("shop", "caller");
  const { stdout } = await world.im("logs", "caller", "--deployment", "shop");
  t.regex(stdout, / 1 out connect: EHOSTUNREACH$/m);
});
