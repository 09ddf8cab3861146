/** What stays and what goes when a manifest changes, and what lies beside it. */

import { once } from "node:events";
import { connect } from "node:net";
import { needing } from "./requirements.js";
import { built, World } from "./world.js";

const guest = { command: [built("guest"), "7000"], listen: [7000] };

needing()("addresses and running hosts stay when the manifest grows and shrinks", async (t) => {
  const world = await World.of(t, { middle: guest, going: guest });
  for (const host of ["middle", "going"]) await world.client.wake("shop", host);
  const before = await world.host("middle");
  const going = await world.host("going");
  const open = connect({ host: before.address, port: 7000 });
  t.is(String(await once(open, "data")), "life 1\n");

  const { stdout } = await world.deploy({ aaa: guest, middle: guest, zzz: guest });
  t.regex(stdout, /going/);
  const after = await world.host("middle");
  t.deepEqual(
    [after.state, after.address, after.incarnation, after.pids],
    ["running", before.address, 1, before.pids],
  );
  open.write("still here?");
  t.is(String(await once(open, "data")), "still here?");
  open.destroy();
  await t.throwsAsync(world.host("going"), { message: "shop has no host going" });
  t.false(world.processes().some(({ pid }) => going.pids.includes(pid)));
  const addresses = await Promise.all(["aaa", "zzz"].map((host) => world.address(host)));
  t.is(new Set([before.address, ...addresses]).size, 3);

  const added = world.startClient(built("dial"));
  added.write("zzz 7000");
  t.is(await added.line(), "life 1");
  await added.finish();
});

needing()("a host that changed keeps running and is another at its next boot", async (t) => {
  const say = (word: string) => ({
    ...guest,
    command: `echo ${word}; exec ${built("guest")} 7000`,
    shell: true,
  });
  const world = await World.of(t, { guest: say("old") });
  await world.client.wake("shop", "guest");
  const { pids } = await world.host("guest");
  await world.deploy({ guest: say("new") });
  t.deepEqual((await world.host("guest")).pids, pids);
  await world.stop("guest");
  await world.client.wake("shop", "guest");
  const { stdout } = await world.im("logs", "guest");
  t.deepEqual(stdout.match(/\d out (?:old|new)$/gm), ["1 out old", "2 out new"]);
});

needing()("a port that is new in a running host's declaration is its guest's own", async (t) => {
  const both = `${built("guest")} 7001 & exec ${built("guest")} 7000`;
  const grown = { ...guest, command: both, shell: true, listen: [7000] };
  const world = await World.of(t, { guest: grown });
  await world.client.wake("shop", "guest");
  const own = world.startClient(built("dial"));
  own.write("guest 7001");
  t.is(await own.line(), "life 1");
  const { pids } = await world.host("guest");
  await world.deploy({ guest: { ...grown, listen: [7000, 7001] } });
  t.deepEqual((await world.host("guest")).pids, pids);
  await own.finish();

  await world.stop("guest");
  t.deepEqual((await world.host("guest")).listen, [7000, 7001]);
  const address = await world.address("guest");
  const outside = connect({ host: address, port: 7001 });
  t.is(String(await once(outside, "data")), "life 2\n");
  outside.destroy();
});

needing()("two deployments lie in different blocks, and end one by one", async (t) => {
  const world = await World.of(t, { guest });
  await world.deploy({ guest }, "other");
  const address = await world.address("guest", "other");
  t.not(block(await world.address("guest")), block(address));
  await world.client.wake("other", "guest");
  const down = await world.im("down", "--deployment", "shop");
  t.deepEqual([down.code, down.stderr], [0, ""]);
  const { state, address: same } = await world.host("guest", "other");
  t.deepEqual([state, same], ["running", address]);
});

needing()("two homes do not touch", async (t) => {
  const one = await World.of(t, { guest });
  const two = await World.of(t, { guest });
  t.not(block(await one.address("guest")), block(await two.address("guest")));
  await one.client.wake("shop", "guest");
  t.is((await two.host("guest")).state, "imaginary");
  const down = await two.im("down", "--all");
  t.is(down.code, 0);
  t.is((await one.host("guest")).state, "running");
});

/** The first 17 bits of an address. */
function block(address: string): string {
  const [first, second, third] = address.split(".");
  return `${first}.${second}.${Number(third) & 128}`;
}
