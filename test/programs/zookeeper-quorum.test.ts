/** Three ZooKeepers that know one another by name; one connect to one of them wakes all. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Program } from "../process/program.js";
import { World } from "../process/world.js";
import { killGuests } from "./guests.js";
import { ifInstalled } from "./installed.js";
import * as zookeeper from "./zookeeper.js";

const members = ["zoo1", "zoo2", "zoo3"];

async function deployQuorum(world: World): Promise<void> {
  const peers = members.map((member, index) => `server.${index + 1}=${member}:2888:3888`);
  const hosts: Record<string, Record<string, unknown>> = {};
  for (const [index, member] of members.entries()) {
    const directory = join(world.directory, member);
    const data = join(directory, "data");
    await mkdir(data, { recursive: true });
    await writeFile(join(data, "myid"), `${index + 1}\n`);
    const lines = [`dataDir=${data}`, ...zookeeper.settings, ...peers, ""];
    await writeFile(join(directory, "zoo.cfg"), lines.join("\n"));
    // 2888 is bound by the leader alone.
    const listen = [zookeeper.clientPort, 2888, 3888];
    hosts[member] = { command: zookeeper.server("zoo.cfg"), directory, listen };
  }
  await world.deploy(hosts);
}

/** What a member is in its quorum, once there is one. */
async function modeOf(member: string, client: Program): Promise<string | undefined> {
  for (;;) {
    client.write(`${member} ${zookeeper.clientPort} srvr`);
    const line = await client.line();
    if (!zookeeper.notYet.test(line)) return /^Mode: (\w+)/.exec(line)?.[1] ?? line;
  }
}

ifInstalled(zookeeper.needs)(
  "three ZooKeepers find one another, and a member that was killed is woken by the others",
  async (t) => {
    const world = await World.of(t);
    await deployQuorum(world);
    const client = world.startClient(...zookeeper.fourLetterClient);
    const modes = new Map([["zoo1", await modeOf("zoo1", client)]]);
    for (const member of ["zoo2", "zoo3"]) {
      // Nobody else has connected to it so far; two of three are a quorum without it.
      const { by } = await world.happens(({ host, to }) => host === member && to === "running");
      t.true(members.includes(by), `${member} was woken by ${by}`);
      modes.set(member, await modeOf(member, client));
    }
    t.deepEqual([...modes.values()].sort(), ["follower", "follower", "leader"]);
    const leader = members.find((member) => modes.get(member) === "leader") ?? "";
    const follower = members.find((member) => modes.get(member) === "follower") ?? "";

    const create = zookeeper.client(follower, "create", "/kept", "through-it-all");
    const created = await world.startClient(...create).finish();
    t.regex(created.stdout + created.stderr, /Created \/kept/);

    await killGuests(world, leader);
    const { by } = await world.happens(
      ({ host, to, incarnation }) => host === leader && to === "running" && incarnation === 2,
    );
    t.true(members.includes(by), `${leader} was woken by ${by}`);
    t.regex((await modeOf(leader, client)) ?? "", /^(?:leader|follower)$/);
    await client.finish();

    // Nobody of the quorum has a reason to connect to a follower: a client's connect brings it up.
    await killGuests(world, follower);
    const read = await world.startClient(...zookeeper.client(follower, "get", "/kept")).finish();
    t.regex(read.stdout, /^through-it-all$/m, read.stderr);
    const incarnations = members.map(async (member) => (await world.host(member)).incarnation);
    t.deepEqual((await Promise.all(incarnations)).sort(), [1, 2, 2]);
  },
);
