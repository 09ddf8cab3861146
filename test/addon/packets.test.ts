import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { loadAddon } from "../../shim/index.js";
import { throwsErrno } from "./expect-errno.js";
import { openDescriptors } from "./loopback.js";
import { withPython } from "./python.js";

const addon = loadAddon();

function pairFor(t: { teardown(undo: () => void): void }): [number, number] {
  const pair = addon.socketPair();
  t.teardown(() => {
    for (const descriptor of pair) addon.close(descriptor);
  });
  return pair;
}

function directoryFor(t: { teardown(undo: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), "im-addon-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return directory;
}

function receive(descriptor: number) {
  const message = addon.receivePacket(descriptor);
  if (message === null || message === "end") throw new Error(`expected a packet, not ${message}`);
  return message;
}

test.serial("a descriptor that goes with a packet arrives usable, with its sender", (t) => {
  const [near, far] = pairFor(t);
  const [readEnd, writeEnd] = addon.pipe();
  addon.sendPacket(far, Buffer.from("take these"), [readEnd, writeEnd]);
  addon.close(readEnd);
  addon.close(writeEnd);
  const message = receive(near);
  t.is(message.data.toString(), "take these");
  t.is(message.sender?.pid, process.pid);
  t.is(message.sender?.uid, process.getuid?.() ?? -1);
  t.is(message.sender?.gid, process.getgid?.() ?? -1);
  t.is(message.descriptors.length, 2);
  for (const descriptor of message.descriptors) t.true(hasFlag(descriptor, 0o2000000), "CLOEXEC");
  for (const descriptor of message.descriptors) addon.close(descriptor);
});

test.serial("packets keep their bounds and their order", (t) => {
  const [near, far] = pairFor(t);
  for (let i = 0; i < 20; i++) addon.sendPacket(far, Buffer.from(`packet ${i}`));
  for (let i = 0; i < 20; i++) t.is(receive(near).data.toString(), `packet ${i}`);
  t.is(addon.receivePacket(near), null);
});

test.serial("a packet of 64 KiB with eight descriptors arrives whole", (t) => {
  const [near, far] = pairFor(t);
  const data = Buffer.alloc(64 * 1024, "x");
  addon.sendPacket(
    far,
    data,
    Array.from({ length: 8 }, () => near),
  );
  const message = receive(near);
  t.deepEqual(message.data, data);
  t.is(message.descriptors.length, 8);
  for (const descriptor of message.descriptors) addon.close(descriptor);
});

test.serial("a packet beyond the limits is not sent, and leaks nothing", (t) => {
  const [near, far] = pairFor(t);
  const before = openDescriptors().length;
  throwsErrno(t, () => addon.sendPacket(far, Buffer.alloc(64 * 1024 + 1)), "EMSGSIZE");
  throwsErrno(t, () => addon.sendPacket(far, Buffer.alloc(1), new Array(65).fill(near)), "E2BIG");
  throwsErrno(t, () => addon.sendPacket(far, Buffer.alloc(0)), "EINVAL");
  throwsErrno(t, () => addon.sendPacket(far, Buffer.alloc(1), [99999]), "EBADF");
  t.is(addon.receivePacket(near), null);
  t.is(openDescriptors().length, before);
});

withPython("a packet beyond the limits that a guest sends is dropped, and leaks nothing", (t) => {
  const [near, far] = pairFor(t);
  const before = openDescriptors().length;
  const script = `import socket
s = socket.socket(fileno=3)
s.send(b"x" * 65537)
socket.send_fds(s, [b"y"], [0] * 9)
s.send(b"")`;
  execFileSync("python3", ["-c", script], { stdio: ["ignore", "inherit", "inherit", far] });
  throwsErrno(t, () => addon.receivePacket(near), "EMSGSIZE");
  throwsErrno(t, () => addon.receivePacket(near), "EMSGSIZE");
  t.is(receive(near).data.length, 0, "an empty packet is not the end");
  t.is(addon.receivePacket(near), null);
  t.is(openDescriptors().length, before);
});

test.serial("a full queue throws EAGAIN, and nothing is lost", (t) => {
  const [near, far] = pairFor(t);
  let sent = 0;
  const error = t.throws(() => {
    for (;;) {
      addon.sendPacket(far, Buffer.from(String(sent)));
      sent++;
    }
  });
  t.like(error, { code: "EAGAIN", errno: 11, syscall: "sendmsg" });
  t.true(sent > 10);
  for (let i = 0; i < sent; i++) t.is(receive(near).data.toString(), String(i));
  t.is(addon.receivePacket(near), null);
});

test.serial("what a peer sent before it went is read before its end", (t) => {
  const [near, far] = addon.socketPair();
  t.teardown(() => addon.close(near));
  addon.sendPacket(near, Buffer.from("unread: the peer's close resets"));
  addon.sendPacket(far, Buffer.from("last words"));
  addon.close(far);
  t.is(receive(near).data.toString(), "last words");
  t.is(addon.receivePacket(near), "end");
  throwsErrno(t, () => addon.sendPacket(near, Buffer.from("?")), "EPIPE");
});

test.serial("a listener on a path has mode 0600, and knows who connects", (t) => {
  const path = join(directoryFor(t), "node.sock");
  const listener = addon.listenPackets(path);
  t.is(statSync(path).mode & 0o777, 0o600);
  t.is(addon.acceptPackets(listener), null);
  const client = addon.connectPackets(path);
  addon.sendPacket(client, Buffer.from("before accept"));
  const accepted = addon.acceptPackets(listener);
  if (accepted === null) return t.fail("nobody to accept");
  t.is(receive(accepted).sender?.pid, process.pid);
  t.is(addon.peerCredentials(accepted).pid, process.pid);
  t.is(addon.peerCredentials(client).uid, process.getuid?.() ?? -1);
  addon.sendPacket(accepted, Buffer.from("welcome"));
  t.is(receive(client).sender, null);
  throwsErrno(t, () => addon.listenPackets(path), "EADDRINUSE", "bind");
  for (const descriptor of [listener, client, accepted]) addon.close(descriptor);
  throwsErrno(t, () => addon.connectPackets(path), "ECONNREFUSED");
});

test.serial("a path of 107 bytes is taken, a longer one refused", (t) => {
  const directory = directoryFor(t);
  const longest = `${directory}/${"s".repeat(106 - directory.length)}`;
  t.is(longest.length, 107);
  addon.close(addon.listenPackets(longest));
  throwsErrno(t, () => addon.listenPackets(`${longest}s`), "ENAMETOOLONG");
  throwsErrno(t, () => addon.connectPackets(join(directory, "absent")), "ENOENT");
});

test.serial("calls that fail leave no descriptor behind", (t) => {
  const directory = directoryFor(t);
  const before = openDescriptors().length;
  throwsErrno(t, () => addon.listenPackets(join(directory, "absent", "socket")), "ENOENT");
  throwsErrno(t, () => addon.connectPackets(join(directory, "absent")), "ENOENT");
  t.throws(() => addon.acceptPackets(0));
  t.is(openDescriptors().length, before);
});

test.serial("a pipe's read end does not block, its write end does", (t) => {
  const [readEnd, writeEnd] = addon.pipe();
  t.true(hasFlag(readEnd, 0o4000));
  t.false(hasFlag(writeEnd, 0o4000));
  t.is(writeSync(writeEnd, "x"), 1);
  addon.close(readEnd);
  addon.close(writeEnd);
});

function hasFlag(descriptor: number, flag: number): boolean {
  const lines = readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
  const octal = /^flags:\s+(\d+)/m.exec(lines)?.[1] ?? "0";
  return (Number.parseInt(octal, 8) & flag) !== 0;
}
