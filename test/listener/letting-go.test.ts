/** A guest that lives on without its listener, and one that was only on its way out. */
import test from "ava";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";
import { call, Interpreter, interpreter, untilRefused } from "./interpreter.js";

const withPython = needing("python3");

let world: World;

test.before(async () => {
  world = await World.open();
  await world.deploy({
    closed: interpreter([7001]),
    shut: interpreter([7001]),
    "just-closed": interpreter([7001]),
    "just-shut": interpreter([7001]),
    accepting: interpreter([7001]),
    exiting: interpreter([]),
    stopped: interpreter([]),
    killed: interpreter([7001]),
    unbound: { ...interpreter([7001]), bootTimeout: "10s" },
  });
});

test.after.always(() => world.close());

for (const { title, letGo, listenAgain, host } of [
  { title: "closed", letGo: "s.close()", listenAgain: "s = listening(7001)", host: "closed" },
  {
    title: "shut down",
    letGo: "s.shutdown(socket.SHUT_RDWR)",
    listenAgain: "s.listen(5)",
    host: "shut",
  },
] as const) {
  withPython(`a listener that its guest has ${title} refuses until it listens again`, async (t) => {
    const guest = await Interpreter.of(t, world, host);
    const address = await world.address(host);
    await guest.tell("s = listening(7001)");
    const queued = call(t, address, 7001);
    t.is(await queued.connected, "connected");
    await guest.tell(letGo);
    t.is(await queued.answer, "ECONNRESET");
    t.is(await untilRefused(t, address, 7001), "ECONNREFUSED");
    const client = world.startClient(built("dial"));
    client.write(`${host} 7001`);
    t.is(await client.line(), "connect: ECONNREFUSED");
    t.deepEqual(await guest.tell("s.accept()"), {
      errno: letGo === "s.close()" ? "EBADF" : "EINVAL",
    });
    await guest.tell(listenAgain);
    await guest.tell("greet_all(s, 'again')");
    t.is(await call(t, address, 7001).answer, "again");
    client.write(`${host} 7001`);
    t.is(await client.line(), "again");
    await client.finish();
    t.is((await world.host(host)).incarnation, 1);
  });

  withPython(
    `a connect just after a listener was ${title} waits for the next listen`,
    async (t) => {
      const guest = await Interpreter.of(t, world, `just-${host}`);
      await guest.tell("s = listening(7001)");
      await guest.tell(letGo);
      const early = call(t, await world.address(`just-${host}`), 7001);
      t.is(await early.connected, "connected");
      await guest.tell(listenAgain);
      await guest.tell("greet_all(s, 'back')");
      t.is(await early.answer, "back");
    },
  );
}

withPython("shutdown ends a waiting accept, and the queue reaches the next life", async (t) => {
  const guest = await Interpreter.of(t, world, "accepting");
  const other = await Interpreter.of(t, world, "accepting");
  const address = await world.address("accepting");
  await guest.tell("s = listening(7001)");
  const accepting = other.tell("s.accept()");
  await guest.tell("s.shutdown(socket.SHUT_RD)");
  t.deepEqual(await accepting, { errno: "EINVAL" });
  t.deepEqual(await guest.tell("s.getsockname()"), [address, 7001]);
  const queued = call(t, address, 7001);
  t.is(await queued.connected, "connected");
  await guest.tell("threading.Timer(0.1, os._exit, (0,)).start()");
  await guest.ended();
  const next = await Interpreter.of(t, world, "accepting");
  await next.tell("greet_all(listening(7001), 'second life')");
  t.is(await queued.answer, "second life");
});

withPython("a guest that closes its listener and exits leaves its queue to the next", async (t) => {
  const guest = await Interpreter.of(t, world, "exiting");
  const address = await world.address("exiting");
  await guest.tell("told.shutdown(2), told.close(), threading.Timer(0.3, os._exit, (0,)).start()");
  const late = await Interpreter.of(t, world, "exiting");
  t.is(await late.tell("os.environ['IM_INCARNATION']"), "2");
  t.is(await call(t, address, 7000).connected, "connected");
});

withPython("a connect waits while a host that closed its listener is being ended", async (t) => {
  const guest = await Interpreter.of(t, world, "stopped");
  // Longer than a living guest's listener may be closed before connects are refused.
  await guest.tell(`
import time
def on_terminate():
    told.shutdown(socket.SHUT_RDWR)
    told.close()
    caller.sendall(b"leaving\\n")
    time.sleep(2.5)
`);
  const stopped = world.stop("stopped");
  t.is(await guest.line(), "leaving");
  const late = await Interpreter.of(t, world, "stopped");
  t.is(await late.tell("os.environ['IM_INCARNATION']"), "2");
  await stopped;
});

withPython("a listener whose process was killed refuses, and may be bound again", async (t) => {
  const guest = await Interpreter.of(t, world, "killed");
  const address = await world.address("killed");
  await guest.tell("worker = child(lambda: greet_all(listening(7001), 'worker'))");
  t.is(await call(t, address, 7001).answer, "worker");
  await guest.tell("end(worker)");
  t.is(await untilRefused(t, address, 7001), "ECONNREFUSED");
  t.is(typeof (await guest.tell("child(lambda: greet_all(listening(7001), 'heir'))")), "number");
  t.is(await call(t, address, 7001).answer, "heir");
});

withPython("a declared port that is never bound refuses in the end", async (t) => {
  const guest = await Interpreter.of(t, world, "unbound");
  t.is(await guest.tell("os.environ['IM_INCARNATION']"), "1");
  const queued = call(t, await world.address("unbound"), 7001);
  t.is(await queued.connected, "connected");
  t.is(await queued.answer, "ECONNRESET");
  t.is(await call(t, await world.address("unbound"), 7001).connected, "ECONNREFUSED");
  t.is((await world.host("unbound")).state, "running");
});
