/** Hosts that are woken by datagrams, with real programs on both sides. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { ExecutionContext } from "ava";
import { needing } from "./requirements.js";
import { built, fixture, root, World } from "./world.js";

const server = (style: string, ...more: readonly string[]) => ({
  command: [built("datagrams"), style, "7000", ...more],
  listen: ["7000/udp"],
});
const node = (...words: readonly string[]) => [
  process.execPath,
  fixture("datagrams.mjs"),
  ...words,
];

/** A datagram of this process, which has no shim: resolves with the answer. */
async function askPlainly(t: ExecutionContext, address: string, text: string): Promise<string> {
  const socket = createSocket("udp4");
  t.teardown(() => socket.close());
  const answer = once(socket, "message");
  socket.send(text, 7000, address);
  return String((await answer)[0]);
}

/** What a datagram to a port where nobody is comes back as. */
async function errorOf(t: ExecutionContext, address: string, port: number): Promise<string> {
  const socket = createSocket("udp4");
  t.teardown(() => socket.close());
  socket.connect(port, address);
  await once(socket, "connect");
  const failed = once(socket, "error");
  socket.send("x");
  return (await failed)[0].code;
}

needing()("a first datagram boots the host and is answered, life after life", async (t) => {
  const world = await World.of(t, { echo: server("blocking") });
  const address = await world.address("echo");
  t.deepEqual((await world.host("echo")).listen, ["7000/udp"]);
  for (const life of [1, 2]) {
    const { stdout } = await world.startClient(...node("ask", "echo", "7000", "hello")).finish();
    t.is(stdout, `life ${life}: hello from ${address}:7000\n`);
    t.is(await askPlainly(t, address, "plain"), `life ${life}: plain`);
    await world.stop("echo");
  }
  t.is(await askPlainly(t, address, "first"), "life 3: first");
  t.is(await errorOf(t, address, 7001), "ECONNREFUSED", "nobody declared it: the kernel's answer");
  // It answers as soon as it is bound, which the supervisor hears of a moment later.
  await world.happens(({ to, incarnation }) => to === "running" && incarnation === 3);
  t.like((await world.host("echo")).lastWake, { signal: "datagram", by: "outside", port: 7000 });
});

needing()("200 datagrams of 50 clients to a cold host are all answered by one boot", async (t) => {
  const world = await World.of(t);
  const gate = world.gate("gate");
  await world.deploy({ echo: server("epoll", gate) });
  const herd = world.startClient(...node("herd", "echo", "7000", "50", "4"));
  await world.happens(({ to }) => to === "allocating");
  world.openGate("gate");
  t.is((await herd.finish()).stdout, "answered 200\n");
  t.is(world.invocations("echo"), 1);
});

for (const [who, name] of [
  ["daemon", "daemon/main.js"],
  ["keeper", "im-keeper"],
] as const) {
  needing()(`a datagram that waits is not lost with the ${who}`, async (t) => {
    const world = await World.of(t);
    const gate = world.gate("gate");
    await world.deploy({ echo: server("many", gate) });
    const address = await world.address("echo");
    const answer = askPlainly(t, address, "patience");
    await world.happens(({ to }) => to === "allocating");
    const victim = world.processes().find(({ command }) => command.includes(name));
    if (victim === undefined) throw new Error(`no ${who} runs`);
    process.kill(victim.pid, "SIGKILL");
    world.openGate("gate");
    t.is(await answer, "life 1: patience");
    t.is(world.invocations("echo"), 1);
  });
}

needing()("what a guest leaves in its socket boots the next life and hinders nobody", async (t) => {
  const world = await World.of(t, { mute: server("mute"), echo: server("connected") });
  const socket = createSocket("udp4");
  t.teardown(() => socket.close());
  socket.send("unread", 7000, await world.address("mute"));
  await world.happens(({ host, to }) => host === "mute" && to === "running");
  await world.stop("mute");
  await world.happens(({ host, incarnation }) => host === "mute" && incarnation === 2);
  // It connected the socket to whoever came first.
  const address = await world.address("echo");
  t.is(await askPlainly(t, address, "one"), "life 1: one");
  await world.stop("echo");
  t.is(await askPlainly(t, address, "other"), "life 2: other");
});

needing()("hosts see each other's overlay addresses", async (t) => {
  const world = await World.of(t, {
    relay: { command: node("relay", "7100", "echo", "7000"), listen: ["7100/udp"] },
    echo: server("ipv6-info"),
  });
  const [relay, echo] = [await world.address("relay"), await world.address("echo")];
  const { stdout } = await world.startClient(...node("ask", "relay", "7100", "hi")).finish();
  t.is(stdout, `life 1: hi from ${echo} from ${relay}:7100\n`);
  const { stdout: log } = await world.im("logs", "echo");
  t.regex(log, new RegExp(`from ::ffff:${relay}:7100 to ::ffff:${echo} interface 1 hi`));
  t.like((await world.host("echo")).lastWake, { signal: "datagram", by: "relay" });
});

needing("python3")("python's socketserver answers", async (t) => {
  const source = [
    "import socketserver",
    "class Echo(socketserver.BaseRequestHandler):",
    "  def handle(self):",
    "    self.request[1].sendto(self.request[0].upper(), self.client_address)",
    "socketserver.UDPServer(('', 7000), Echo).serve_forever()",
  ].join("\n");
  const command = ["python3", "-c", source];
  const world = await World.of(t, { echo: { command, listen: ["7000/udp"] } });
  const address = await world.address("echo");
  const { stdout } = await world.startClient(...node("ask", "echo", "7000", "loud")).finish();
  t.is(stdout, `LOUD from ${address}:7000\n`);
});

const nameServer = {
  command:
    "dnsmasq -k --no-resolv --no-hosts --conf-file=/dev/null --user= --address=/x.test/192.0.2.7",
  listen: ["53/udp", 53],
};
/** As `dig` does it, which is not everywhere: one question for an A record. */
const query = [
  "import socket, struct, sys",
  "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
  "question = b'\\x01x\\x04test\\x00' + struct.pack('>HH', 1, 1)",
  "s.sendto(struct.pack('>HHHHHH', 7, 0x100, 1, 0, 0, 0) + question, ('dns', 53))",
  "answer, source = s.recvfrom(512)",
  "print(socket.inet_ntoa(answer[-4:]), source[1])",
].join("\n");

needing("dnsmasq", "python3")("dnsmasq boots for a question and answers it", async (t) => {
  const world = await World.of(t, { dns: nameServer });
  t.is((await world.startClient("python3", "-c", query).finish()).stdout, "192.0.2.7 53\n");
});

needing()("the example manifests/udp.yaml does what it says", async (t) => {
  const world = await World.of(t);
  const { code } = await world.im("deploy", `${root}manifests/udp.yaml`);
  t.is(code, 0);
  const { stdout } = await world.startClient(...node("ask", "echo", "7000", "hello")).finish();
  t.is(stdout, `echo hello from ${await world.address("echo", "udp")}:7000\n`);
});
