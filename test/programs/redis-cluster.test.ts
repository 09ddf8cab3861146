/** Three Redis servers of one class become a cluster over the overlay. */
import { World } from "../process/world.js";
import { killGuests } from "./guests.js";
import { ifInstalled } from "./installed.js";

const members = ["redis-0", "redis-1", "redis-2"];
const options = [
  ...["--port 6379", "--protected-mode no", "--save ''", "--appendonly yes"],
  ...["--cluster-enabled yes", "--cluster-node-timeout 2000"],
];
/** It knows nodes by their addresses only. */
const create =
  "redis-cli --cluster create --cluster-yes " +
  members
    .map((member) => `"$(getent ahostsv4 ${member} | cut -d ' ' -f 1 | head -n 1):6379"`)
    .join(" ");
const untilWhole = (member: string): string =>
  `until redis-cli -h ${member} cluster info | grep -q cluster_state:ok; do sleep 0.05; done`;
const eachKey = (body: string): string => `for key in a b c d e f g h; do ${body}; done`;

ifInstalled(["redis-server", "redis-cli", "getent"])(
  "three Redis servers become a cluster, and the others wake a member that was killed",
  async (t) => {
    const world = await World.of(t);
    const server = `mkdir -p "$IM_HOST" && cd "$IM_HOST" && exec redis-server ${options.join(" ")}`;
    const class_ = { command: server, shell: true, count: members.length, listen: [6379, 16_379] };
    await world.deploy({ redis: class_ });
    const sh = (script: string) => world.startClient("sh", "-c", script).finish();

    const created = await sh(create);
    t.is(created.code, 0, created.stdout + created.stderr);
    t.regex(created.stdout, /\[OK\] All 16384 slots covered/);
    for (const member of members) await sh(untilWhole(member));
    const addresses = await Promise.all(members.map((member) => world.address(member)));
    const nodes = (await sh("redis-cli -h redis-0 cluster nodes")).stdout.trim().split("\n");
    t.deepEqual(
      nodes.map((line) => /^\w+ ([\d.]+):6379@16379/.exec(line)?.[1]).sort(),
      [...addresses].sort(),
    );
    const stored = await sh(eachKey("redis-cli -c -h redis-0 set $key $key$key"));
    t.is(stored.stdout, "OK\n".repeat(8), stored.stderr);

    await killGuests(world, "redis-1");
    await world.happens(
      ({ host, to, incarnation }) => host === "redis-1" && to === "running" && incarnation === 2,
    );
    const { lastWake } = await world.host("redis-1");
    t.true(members.includes(lastWake?.by ?? ""), `woken by ${lastWake?.by}`);
    t.is(lastWake?.port, 16_379);
    for (const member of members) await sh(untilWhole(member));
    const read = await sh(eachKey("redis-cli -c -h redis-1 get $key"));
    t.is(read.stdout, "aa\nbb\ncc\ndd\nee\nff\ngg\nhh\n", read.stderr);
    const others = ["redis-0", "redis-2"].map(async (name) => (await world.host(name)).incarnation);
    t.deepEqual(await Promise.all(others), [1, 1]);
  },
);
