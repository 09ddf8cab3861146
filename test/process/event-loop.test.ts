/**
 * A connect that must not block never does: the guest is let through to its `bind` only after the
 * client has told of 200 ticks of its loop past the connect. A client that was held would wait for
 * the guest, and the guest for the client.
 */
import test from "ava";
import { needing } from "./requirements.js";
import { built, World } from "./world.js";

const modes = ["poll", "select", "level", "edge"] as const;
const orders = ["before", "after"] as const;
const ways = ["under the shim", "without a shim"] as const;
const rows = modes.flatMap((mode, row) =>
  orders.flatMap((order, column) =>
    ways.map((way, layer) => ({ mode, order, way, host: `guest-${row * 4 + column * 2 + layer}` })),
  ),
);

let world: World;

test.before(async () => {
  world = await World.open();
  const hosts = rows.map(({ host }) => {
    const path = world.gate(host);
    return [host, { command: [built("guest"), "7000", path], listen: [7000] }] as const;
  });
  await world.deploy(Object.fromEntries(hosts));
});

test.after.always(() => world.close());

for (const { mode, order, way, host } of rows) {
  const name = mode === "level" || mode === "edge" ? `an epoll loop (${mode})` : `a ${mode} loop`;
  const title = `${name} with its socket registered ${order} connect runs on, ${way}`;
  needing()(title, async (t) => {
    const command = [built("event-loop"), await world.address(host), "7000", mode, order];
    const client =
      way === "under the shim" ? world.startClient(...command) : world.start(...command);
    const first = [await client.line(), await client.line()];
    t.deepEqual(first.sort(), ["connected", "ticked"]);
    t.not((await world.host(host)).state, "running");
    world.openGate(host);
    t.is(await client.line(), "answered life 1");
    t.is((await client.finish()).code, 0);
    await world.happens((event) => event.host === host && event.to === "running");
  });
}
