/** Placeholders of UDP, as real sockets. */
import { execFileSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import test, { type ExecutionContext } from "ava";
import { DatagramPlaceholder } from "../../platform/network/datagram-placeholder-adapter.js";
import { noCustody } from "../../platform/ports/custody.js";
import { loadAddon } from "../../shim/index.js";
import { dotted, ownAddress } from "./loopback.js";
import { withPython } from "./python.js";

const addon = loadAddon();
const address = ownAddress();
const host = dotted(address);

function hold(t: ExecutionContext, port = 0): DatagramPlaceholder {
  const at = { address, port, protocol: "udp" } as const;
  const descriptor = addon.openDatagrams(address, port);
  const placeholder = new DatagramPlaceholder(at, {
    ...{ addon, custody: noCustody, label: "", descriptor, recovered: false },
  });
  t.teardown(() => placeholder.close());
  return placeholder;
}

async function client(t: ExecutionContext): Promise<Socket> {
  const socket = createSocket("udp4");
  t.teardown(() => socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** Resolves when it is in the receiver's queue: on loopback, when it is sent. */
function send(from: Socket, text: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    from.send(text, port, host, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** Runs Python with the socket as descriptor 3 and `s`: what a guest could do to it. */
function guest(descriptor: number, script: string): string {
  const source = `import socket\ns = socket.socket(fileno=3)\n${script}`;
  return execFileSync("python3", ["-c", source], {
    stdio: ["ignore", "pipe", "inherit", descriptor],
    encoding: "utf8",
  }).trim();
}

test("a datagram calls the watch back, and its sender is known", async (t) => {
  const placeholder = hold(t);
  const sender = await client(t);
  t.deepEqual(placeholder.waiting(), []);
  const signal = new Promise<void>((resolve) => placeholder.arm(resolve));
  await send(sender, "one", placeholder.mapped);
  await signal;
  const from = { address: 0x7f000001, port: sender.address().port };
  t.deepEqual(placeholder.waiting(), [from]);
  // It is looked at, and not taken.
  t.deepEqual(placeholder.waiting(), [from]);
});

test("armed again it calls for what comes, armed anew for what waits, too", async (t) => {
  const placeholder = hold(t);
  const sender = await client(t);
  const calls: string[] = [];
  const next = (name: string) =>
    new Promise<void>((resolve) =>
      placeholder.arm(() => {
        calls.push(name);
        resolve();
      }),
    );
  await send(sender, "one", placeholder.mapped);
  await next("waits");
  const later = next("later");
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(calls, ["waits"]);
  await send(sender, "two", placeholder.mapped);
  await later;
  placeholder.disarm();
  await next("anew");
  t.deepEqual(calls, ["waits", "later", "anew"]);
});

withPython("what a guest did to the socket is undone, and what waits stays", async (t) => {
  const placeholder = hold(t);
  const sender = await client(t);
  const script = [
    "s.connect(('127.0.0.1', 9)); s.setblocking(True)",
    "s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)",
    "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
    "s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)",
    "s.setsockopt(socket.IPPROTO_IP, 8, 0)",
    "s.setsockopt(socket.IPPROTO_IP, 11, 1)",
  ].join("\n");
  const state = [
    "print(s.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST),",
    "s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR),",
    "s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), s.getsockopt(socket.IPPROTO_IP, 8),",
    "s.getsockopt(socket.IPPROTO_IP, 11), s.getblocking(), s.getsockname())",
  ].join(" ");
  const fresh = guest(placeholder.descriptor, state);
  await send(sender, "before", placeholder.mapped);
  guest(placeholder.descriptor, script);
  t.not(guest(placeholder.descriptor, state), fresh);
  placeholder.restore();
  t.is(guest(placeholder.descriptor, state), fresh);
  await send(sender, "after", placeholder.mapped);
  const read = "print([s.recv(9).decode() for _ in range(2)])";
  t.is(guest(placeholder.descriptor, read), "['before', 'after']");
});

test("a socket that is given up makes room at once", async (t) => {
  const first = hold(t, 7000);
  // As the keeper's duplicate, which is closed a moment later.
  const duplicate = addon.duplicate(first.descriptor);
  t.teardown(() => addon.close(duplicate));
  t.throws(() => addon.openDatagrams(address, 7000), { code: "EADDRINUSE" });
  addon.shareDatagrams(first.descriptor);
  const second = hold(t, 7000);
  const signal = new Promise<void>((resolve) => second.arm(resolve));
  await send(await client(t), "one", 7000);
  await signal;
  t.is(addon.nextSender(duplicate), null);
});
