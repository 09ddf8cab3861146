import { constants } from "node:os";
import test from "ava";
import { blockBase, declared, FakePeer, SupervisorRig, settled } from "./supervisor-rig.js";

const dns = { port: 53, protocol: "udp" } as const;
const bind = { type: "bind", ...dns } as const;
const listen = { type: "listen", ...dns } as const;

test("a datagram boots the host, which is ready when it is bound", async (t) => {
  const rig = new SupervisorRig([declared("dns", 1, [dns])]);
  rig.placeholder(53).connect();
  await settled();
  const peer = rig.environment();
  rig.supervisor.message(peer, { type: "guest.started", pid: 7 });
  await settled();
  t.true(peer.ask(bind)[0]?.handed);
  t.is(rig.state("dns"), "allocating");
  peer.ask(listen);
  t.is(rig.state("dns"), "running");
  const { lastWake } = rig.supervisor.hosts.get("dns")?.history ?? {};
  t.like(lastWake, { signal: "datagram", by: "outside", port: 53 });
  t.is(rig.placeholder(53).armed, null, "the guest has the socket now");
});

test("one port of both protocols is two ports", async (t) => {
  const rig = new SupervisorRig([declared("dns", 1, [53, dns])]);
  const [stream, datagrams] = rig.sockets.opened;
  t.deepEqual([stream?.protocol, datagrams?.protocol], ["tcp", "udp"]);
  stream?.connect();
  await settled();
  const peer = rig.environment();
  rig.supervisor.message(peer, { type: "guest.started", pid: 7 });
  await settled();
  t.true(peer.ask(bind)[0]?.handed);
  peer.ask(listen);
  t.is(rig.state("dns"), "allocating", "the first port is the one that makes it ready");
  t.true(peer.ask({ type: "bind", port: 53 })[0]?.handed);
  peer.ask({ type: "listen", port: 53 });
  t.is(rig.state("dns"), "running");
});

test("connects need not ask where only a port of UDP is not bound", async (t) => {
  const rig = new SupervisorRig([declared("web", 1, [80, dns])]);
  await rig.boot();
  t.is(rig.running.get(blockBase + 1), true);
});

test("a second bind is refused, or made beside the first where both share the port", async (t) => {
  const rig = new SupervisorRig([declared("dns", 1, [dns])]);
  rig.placeholder(53).connect();
  await settled();
  const peer = rig.environment();
  await settled();
  const shared = { ...bind, reusePort: true };
  t.true(peer.ask(shared)[0]?.handed);
  peer.ask(listen);
  t.is(peer.ask(bind)[0]?.reply.error, constants.errno.EADDRINUSE);
  const [beside] = peer.ask(shared);
  t.false(beside?.handed);
  t.like(beside?.reply, { error: 0, action: "native" });
});

test("a client cannot bind what a host declares", (t) => {
  const rig = new SupervisorRig([declared("dns", 1, [dns])]);
  const client = new FakePeer(1);
  const as = { deployment: "shop", as: "dns", program: "dig", pid: 1 };
  rig.supervisor.clientStarted(client, { type: "client.started", ...as });
  const address = blockBase + 1;
  t.is(client.ask({ ...bind, address })[0]?.reply.error, constants.errno.EADDRINUSE);
  t.is(client.ask({ type: "bind", port: 53, address })[0]?.reply.error, 0);
});

test("datagrams during the back-off wake nobody, the next one after it does", async (t) => {
  const rig = new SupervisorRig([declared("dns", 1, [dns])]);
  const placeholder = rig.placeholder(53);
  placeholder.connect();
  await settled();
  const peer = rig.environment();
  const error = { code: "IM_COMMAND_NOT_FOUND", message: "dnsmasq: no such program" };
  rig.supervisor.message(peer, { type: "guest.failed", error });
  await settled();
  rig.supervisor.environmentEnded("dns", peer.pid, { claim: rig.claim, environment: "another" });
  await settled();
  t.is(rig.state("dns"), "failed");
  for (let datagram = 0; datagram < 3; datagram++) {
    placeholder.connect();
    await settled();
    t.truthy(placeholder.armed, "it waits for the next");
  }
  t.is(rig.invocations.length, 1);
  rig.advance(60_000);
  placeholder.connect();
  await settled();
  t.is(rig.invocations.length, 2);
});
