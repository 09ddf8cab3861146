/** What a client does when the supervisor of its node is killed, and another comes, or none. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import {
  type ClientStarted,
  joinNode,
  type NodeMembership,
} from "../../platform/cli/node-client.js";
import { NodePresence } from "../../platform/cli/node-presence.js";
import { loadAddon } from "../../shim/index.js";
import { type FakePeer, FakeSupervisor } from "../host-runtime/fake-supervisor.js";

const addon = loadAddon();
const started: ClientStarted = {
  type: "client.started",
  deployment: "shop",
  as: null,
  program: "curl",
  pid: process.pid,
};
const environment = { IM_ADDRESS: "127.64.0.200", IM_DEPLOYMENT: "shop" };
const { type: _, ...identity } = started;
const resumed = { type: "client.resumed", ...identity, address: "127.64.0.200" };

class Node {
  readonly #directory = mkdtempSync(join(tmpdir(), "im-node-"));
  readonly path = join(this.#directory, "node.sock");
  supervisor = new FakeSupervisor(addon, this.path);

  constructor(t: ExecutionContext) {
    t.teardown(() => {
      this.supervisor.close();
      rmSync(this.#directory, { recursive: true });
    });
  }

  restart(): void {
    this.supervisor.close();
    rmSync(this.path);
    this.supervisor = new FakeSupervisor(addon, this.path);
  }

  async join(t: ExecutionContext): Promise<{ member: NodeMembership; peer: FakePeer }> {
    const joining = joinNode(addon, this.path, started);
    const peer = await this.supervisor.peers.next();
    await peer.expect("client.started");
    peer.send({ type: "client.accepted", environment });
    const member = await joining;
    t.teardown(() => member.leave());
    return { member, peer };
  }
}

/** What arrives next at a control end: a packet, or "end". */
function arrival(descriptor: number): Promise<unknown> {
  return new Promise((resolve) => {
    addon.watch(descriptor, () => {
      const received = addon.receivePacket(descriptor);
      addon.unwatch(descriptor);
      resolve(received === null || received === "end" ? received : received.data.toString());
    });
  });
}

test("a client whose supervisor is killed is told to the next one", async (t) => {
  const node = new Node(t);
  const { member } = await node.join(t);
  t.deepEqual(member.environment, environment);
  for (let round = 0; round < 3; round += 1) {
    node.restart();
    const peer = await node.supervisor.peers.next();
    t.deepEqual(await peer.expect("client.resumed"), resumed);
    addon.sendPacket(member.guestControl, Buffer.from(`round ${round}`));
    t.is(await arrival(peer.controls[0] ?? -1), `round ${round}`);
    peer.send({ type: "client.accepted", environment });
  }
});

test("what a program asks while no supervisor is there waits for the next", async (t) => {
  const node = new Node(t);
  const { member } = await node.join(t);
  node.supervisor.close();
  addon.sendPacket(member.guestControl, Buffer.from("asked"));
  node.restart();
  const peer = await node.supervisor.peers.next();
  await peer.expect("client.resumed");
  t.is(await arrival(peer.controls[0] ?? -1), "asked");
});

test("a supervisor that is killed before it answers is asked again when it is back", async (t) => {
  const node = new Node(t);
  const joining = joinNode(addon, node.path, started);
  const first = await node.supervisor.peers.next();
  await first.expect("client.started");
  node.restart();
  const peer = await node.supervisor.peers.next();
  t.deepEqual(await peer.expect("client.started"), started);
  peer.send({ type: "client.accepted", environment });
  const member = await joining;
  member.leave();
  await peer.expect("closed");
});

test("a client that is refused when it comes back gets no answer any more", async (t) => {
  const node = new Node(t);
  const { member } = await node.join(t);
  node.restart();
  const peer = await node.supervisor.peers.next();
  await peer.expect("client.resumed");
  const error = { code: "IM_NO_DEPLOYMENT", message: "nothing is deployed" };
  peer.send({ type: "client.refused", error });
  await peer.expect("closed");
  t.is(await arrival(member.guestControl), "end");
});

test("a refusal at the start is an error, and nothing stays open", async (t) => {
  const node = new Node(t);
  const joining = joinNode(addon, node.path, started);
  const peer = await node.supervisor.peers.next();
  await peer.expect("client.started");
  peer.send({ type: "client.refused", error: { code: "IM_NO_HOST", message: "no host" } });
  await t.throwsAsync(joining, { code: "IM_NO_HOST" });
  await peer.expect("closed");
});

test("a program that ended is waited for no more", async (t) => {
  const node = new Node(t);
  const { member, peer } = await node.join(t);
  member.leave();
  await peer.expect("closed");
  const other = await node.join(t);
  node.supervisor.close();
  other.member.leave();
  node.restart();
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.is(node.supervisor.peers.size, 0);
});

for (const [how, limits] of [
  ["took its socket along", { removedMs: 60 }],
  ["was killed and does not come back", { awayMs: 60 }],
] as const) {
  test(`a supervisor that ${how} leaves the program without hanging`, async (t) => {
    const node = new Node(t);
    const connection = addon.connectPackets(node.path);
    const [control, guestControl] = addon.socketPair();
    t.teardown(() => addon.close(guestControl));
    const message = { ...resumed, type: "client.resumed" } as const;
    const parts = { addon, nodeSocket: node.path, message, control, limits };
    const presence = new NodePresence(connection, parts);
    t.teardown(() => presence.close());
    await node.supervisor.peers.next();
    if ("removedMs" in limits) rmSync(node.path);
    node.supervisor.close();
    t.is(await arrival(guestControl), "end");
  });
}
