/** One socket of many holders: binds, workers, flags and options across lives. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import test from "ava";
import { needing } from "../process/requirements.js";
import { World } from "../process/world.js";
import { call, Interpreter, interpreter, toldOn } from "./interpreter.js";

const withPython = needing("python3");

let world: World;

test.before(async () => {
  world = await World.open();
  await world.deploy({
    backlog: interpreter([7001]),
    bound: interpreter([7001, 7002]),
    shared: interpreter([7001]),
    prefork: interpreter([7001]),
    flags: interpreter([7001]),
    options: interpreter([7001]),
    deferring: interpreter([7001]),
    registered: interpreter([7001]),
    looking: interpreter([7001]),
    parent: { ...interpreter([]), listen: [7001, toldOn], bootTimeout: "10s" },
  });
});

test.after.always(() => world.close());

/** Asks the same of many connects, and counts the answers. */
async function tally(t: Parameters<typeof call>[0], address: string, calls: number) {
  const made = Array.from({ length: calls }, () => call(t, address, 7001).answer);
  const counts = new Map<string, number>();
  for (const answer of await Promise.all(made)) {
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return counts;
}

withPython("the backlog that a guest asks for is not what it gets", async (t) => {
  const guest = await Interpreter.of(t, world, "backlog");
  await guest.tell("s = listening(7001, backlog=1)");
  // tcpi_sacked of a listener: the longest that its queue may be.
  const info = "struct.unpack_from('I', s.getsockopt(6, socket.TCP_INFO, 104), 28)[0]";
  const longest = Number(await guest.tell(info));
  t.true(longest >= 128, `${longest} connections may wait`);
  const address = await world.address("backlog");
  const queued = Array.from({ length: 100 }, () => call(t, address, 7001));
  for (const { connected } of queued) t.is(await connected, "connected");
  await guest.tell("greet_all(s, 'served')");
  for (const { answer } of queued) t.is(await answer, "served");
});

withPython("a second bind fails unless both sockets share the port", async (t) => {
  const guest = await Interpreter.of(t, world, "bound");
  await guest.tell("s = listening(7001)");
  const taken = { errno: "EADDRINUSE" };
  t.deepEqual(await guest.tell("bound(7001)"), taken);
  t.deepEqual(await guest.tell("bound(7001, reuse_port=True)"), taken);
  t.is(await guest.tell("child(lambda: bound(7001))"), "EADDRINUSE");
  await guest.tell("shared = listening(7002, reuse_port=True)");
  t.deepEqual(await guest.tell("bound(7002)"), taken);
  t.is(await guest.tell("shared.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)"), 1);
  await guest.tell("s.close()");
  await guest.tell("s = bound(7001)");
});

withPython("workers that each bind with SO_REUSEPORT serve side by side", async (t) => {
  const guest = await Interpreter.of(t, world, "shared");
  const address = await world.address("shared");
  for (const name of ["one", "two", "three"]) {
    const work = `greet_all(listening(7001, reuse_port=True), '${name}')`;
    t.is(typeof (await guest.tell(`${name} = child(lambda: ${work})`)), "object");
  }
  // The one that is killed takes nobody else's listener along.
  const before = await tally(t, address, 60);
  t.is(
    [...before.values()].reduce((sum, count) => sum + count, 0),
    60,
  );
  t.true([...before.keys()].every((name) => ["one", "two", "three"].includes(name)));
  await guest.tell("end(one)");
  await guest.tell("end(three)");
  t.deepEqual(await tally(t, address, 20), new Map([["two", 20]]));
});

withPython("several processes accept from one listener", async (t) => {
  const guest = await Interpreter.of(t, world, "prefork");
  const address = await world.address("prefork");
  await guest.tell("s = listening(7001)");
  await guest.tell("workers = [child(lambda: greet_all(s, 'worker')) for _ in range(4)]");
  await guest.tell("s.close()");
  t.deepEqual(await tally(t, address, 100), new Map([["worker", 100]]));
  await guest.tell("[end(worker) for worker in workers[1:]]");
  t.deepEqual(await tally(t, address, 20), new Map([["worker", 20]]));
});

/** The daemon's descriptor of the placeholder: its status flags. */
function statusFlags(daemon: number, inode: string): number {
  for (const fd of readdirSync(`/proc/${daemon}/fd`)) {
    if (readlinkSync(`/proc/${daemon}/fd/${fd}`) !== `socket:[${inode}]`) continue;
    const info = readFileSync(`/proc/${daemon}/fdinfo/${fd}`, "latin1");
    return Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? "0", 8);
  }
  throw new Error("the daemon does not hold the placeholder");
}

withPython("a placeholder is non-blocking again when its guest is gone", async (t) => {
  const nonblocking = 0o4000;
  const guest = await Interpreter.of(t, world, "flags");
  await guest.tell("s = listening(7001)");
  const inode = String(await guest.tell("str(os.fstat(s.fileno()).st_ino)"));
  const parent = world
    .processes()
    .find(({ pid, command }) => /daemon\/main\.js/.test(command) && holds(pid, inode));
  const daemon = parent?.pid ?? 0;
  t.is(statusFlags(daemon, inode) & nonblocking, 0);
  await world.stop("flags");
  t.is(statusFlags(daemon, inode) & nonblocking, nonblocking);
});

function holds(pid: number, inode: string): boolean {
  const fds = readdirSync(`/proc/${pid}/fd`);
  return fds.some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
}

withPython("options reach what was queued before, and not the next life", async (t) => {
  const guest = await Interpreter.of(t, world, "options");
  const address = await world.address("options");
  const read = "[c.getsockopt(1, socket.SO_KEEPALIVE), c.getsockopt(6, socket.TCP_KEEPIDLE)]";
  await guest.tell("s = listening(7001)");
  const queued = call(t, address, 7001);
  t.is(await queued.connected, "connected");
  await guest.tell("s.setsockopt(1, socket.SO_KEEPALIVE, 1)");
  await guest.tell("s.setsockopt(6, socket.TCP_KEEPIDLE, 77)");
  await guest.tell("c, _ = s.accept()");
  t.deepEqual(await guest.tell(read), [1, 77]);
  await world.stop("options");
  const next = await Interpreter.of(t, world, "options");
  await next.tell("s = listening(7001)");
  t.is(await call(t, address, 7001).connected, "connected");
  await next.tell("c, _ = s.accept()");
  t.deepEqual(await next.tell(read), [0, 7200]);
});

withPython("a silent client is not kept from a guest that defers its accepts", async (t) => {
  const guest = await Interpreter.of(t, world, "deferring");
  const address = await world.address("deferring");
  await guest.tell("s = bound(7001)");
  await guest.tell("s.setsockopt(6, socket.TCP_DEFER_ACCEPT, 30)");
  t.is(await guest.tell("s.getsockopt(6, socket.TCP_DEFER_ACCEPT)"), 0);
  await guest.tell("s.listen(5), greet_all(s, 'spoke first')");
  t.is(await call(t, address, 7001).answer, "spoke first");
});

withPython("a socket that was registered with epoll before bind wakes its guest", async (t) => {
  const guest = await Interpreter.of(t, world, "registered");
  await guest.tell("s = socket.socket()");
  await guest.tell("e = select.epoll()");
  await guest.tell("e.register(s, select.EPOLLIN | select.EPOLLET)");
  await guest.tell("s.bind(('', 7001))");
  await guest.tell("s.listen(5)");
  const waiting = call(t, await world.address("registered"), 7001);
  t.is(await waiting.connected, "connected");
  const woken = "any(events & 1 for _ in range(3) for _, events in e.poll(2))";
  t.is(await guest.tell(woken), true);
});

withPython("a guest that looks whether its socket listens already is told to listen", async (t) => {
  const guest = await Interpreter.of(t, world, "looking");
  const listens = "s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)";
  await guest.tell("s = bound(7001)");
  t.is(await guest.tell(listens), 0);
  await guest.tell("s.listen(5)");
  t.is(await guest.tell(listens), 1);
  await guest.tell("s.shutdown(socket.SHUT_RD)");
  t.is(await guest.tell(listens), 0);
});

withPython("a listener serves on whatever a program does that it was executed for", async (t) => {
  const guest = await Interpreter.of(t, world, "parent");
  const execute = (act: string) => {
    const program = `'import socket; s = socket.socket(fileno=%d); ${act}' % s.fileno()`;
    const command = `[sys.executable, '-c', ${program}]`;
    return guest.tell(`subprocess.run(${command}, pass_fds=[s.fileno()]).returncode`);
  };
  await guest.tell("import subprocess, sys");
  await guest.tell("s = bound(7001)");
  t.is(await execute("s.listen(5)"), 0);
  // That port is its first: its listen makes the host ready.
  const { code } = await world.im("wake", "parent");
  t.is(code, 0);
  await guest.tell("greet_all(s, 'parent')");
  const address = await world.address("parent");
  t.is(await call(t, address, 7001).answer, "parent");
  t.is(await execute("s.shutdown(socket.SHUT_RDWR)"), 0);
  t.is(await call(t, address, 7001).answer, "parent");
});
