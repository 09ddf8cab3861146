import test from "ava";
import { loadAddon } from "../../shim/index.js";
import { fixture, isAlive, Session } from "./session.js";

const addon = loadAddon();
const environment = [`PATH=${process.env["PATH"] ?? "/usr/bin:/bin"}`];

function number(line: string | null): number {
  return Number(/\d+$/.exec(line ?? "")?.[0]);
}

test("terminate ends the command with SIGTERM", async (t) => {
  const session = new Session(t);
  const pid = await session.start(["sleep", "1000"]);
  session.send("terminate 60000\n");
  t.is(await session.status.next(), "exited - 15");
  t.is(await session.status.next(), "empty");
  t.false(isAlive(pid));
});

test("a command that ignores SIGTERM is killed after its grace, not before", async (t) => {
  const session = new Session(t);
  await session.start([fixture("stubborn.sh")]);
  const pid = number(await session.output.next());
  const before = performance.now();
  session.send("terminate 300\n");
  t.is(await session.status.next(), "exited - 9");
  t.true(performance.now() - before >= 295);
  t.is(await session.status.next(), "empty");
  t.false(isAlive(pid));
});

test("a second terminate shortens the grace, and kill ends it", async (t) => {
  const shorter = new Session(t);
  await shorter.start([fixture("stubborn.sh")]);
  await shorter.output.next();
  shorter.send("terminate 60000\nterminate 0\n");
  t.is(await shorter.status.next(), "exited - 9");
  const killed = new Session(t);
  await killed.start([fixture("stubborn.sh")]);
  await killed.output.next();
  killed.send("terminate 60000\nkill\n");
  t.is(await killed.status.next(), "exited - 9");
});

test("a tree lives until its last process has gone, whatever session that is in", async (t) => {
  const session = new Session(t);
  await session.start([fixture("daemon.cjs")], environment);
  t.is(await session.status.next(), "exited 3 -");
  const daemon = number(await session.output.next());
  t.true(isAlive(daemon));
  process.kill(-daemon, "SIGKILL");
  t.is(await session.output.next(), null);
  t.is(await session.status.next(), "empty");
});

test("terminate reaches a daemon that its command has left behind", async (t) => {
  const session = new Session(t);
  await session.start([fixture("daemon.cjs")], environment);
  t.is(await session.status.next(), "exited 3 -");
  const daemon = number(await session.output.next());
  session.send("terminate 60000\n");
  t.is(await session.output.next(), "terminated");
  t.is(await session.status.next(), "empty");
  t.false(isAlive(daemon));
});

test("when the command obeys SIGTERM, those that it leaves get it in their turn", async (t) => {
  const session = new Session(t);
  const script = `${fixture("daemon.cjs")}; exec sleep 1000`;
  await session.start(["sh", "-c", script], environment);
  const daemon = number(await session.output.next());
  session.send("terminate 60000\n");
  t.is(await session.status.next(), "exited - 15");
  t.is(await session.output.next(), "terminated");
  t.is(await session.status.next(), "empty");
  t.false(isAlive(daemon));
});

/** A tree of sessions within sessions; resolves with its pids when all of it is up. */
async function startTree(session: Session): Promise<readonly number[]> {
  await session.start([fixture("tree.sh"), "4"], environment);
  const pids: number[] = [];
  while (pids.length < 31) pids.push(number(await session.output.next()));
  return pids;
}

test("kill ends a tree of many sessions at once", async (t) => {
  const session = new Session(t);
  const pids = await startTree(session);
  t.true(pids.every(isAlive));
  session.send("kill\n");
  t.is(await session.status.next(), "exited - 9");
  t.is(await session.status.next(), "empty");
  t.deepEqual(pids.filter(isAlive), []);
});

test("a host-runtime that dies takes the whole tree along", async (t) => {
  const session = new Session(t);
  const pids = await startTree(session);
  session.hangUp();
  t.deepEqual(await session.exited, [0, null]);
  t.deepEqual(pids.filter(isAlive), []);
  t.is(addon.receivePacket(session.control), "end");
});

test("processes that fork the next one and end are caught up with", async (t) => {
  const session = new Session(t);
  await session.start([fixture("runaway.sh")]);
  await session.output.next();
  t.is(await session.status.next(), "exited 0 -");
  const before = performance.now();
  session.send("kill\n");
  t.is(await session.status.next(), "empty");
  t.true(performance.now() - before < 5000, "long before the chains end by themselves");
});

test("signals to init itself end nothing", async (t) => {
  const session = new Session(t);
  const pid = await session.start(["sleep", "1000"]);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1"] as const)
    session.process.kill(signal);
  session.send("terminate 60000\n");
  t.is(await session.status.next(), "exited - 15", "it obeys its commands still");
  t.false(isAlive(pid));
});

test("a stopped guest is killed all the same", async (t) => {
  const session = new Session(t);
  const pid = await session.start([fixture("stubborn.sh")]);
  await session.output.next();
  process.kill(pid, "SIGSTOP");
  session.send("terminate 50\n");
  t.is(await session.status.next(), "exited - 9");
  t.is(await session.status.next(), "empty");
});
