import { PutFunctionEventInvokeConfigCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import type { Clock, TimerHandle } from "../../platform/ports/clock.js";
import { Lottery } from "../../simulator/lambda/engine-faults.js";
import type { Invocation } from "../../simulator/lambda/invocation.js";
import { ThrottledEvents } from "../../simulator/lambda/throttled-events.js";
import { EngineRig } from "./engine-rig.js";
import { functionRecord } from "./function-fixture.js";

test("a duplicate is handled too, under the same request id", async (t) => {
  const rig = await EngineRig.start(t, { faults: { duplicates: { at: [1] } } });
  await rig.create("web");
  const file = rig.path("written");
  await rig.send("web", "web-0", { action: "write", file, line: "once" });
  await rig.lines(file, 1);
  await rig.send("web", "web-0", { action: "write", file, line: "twice" });
  t.deepEqual(await rig.lines(file, 3), ["once", "twice", "twice"]);
  const starts = rig.engineLog().filter((line) => line.startsWith("START "));
  const ids = starts.map((line) => line.split(" ")[2]);
  t.is(new Set(ids).size, 2);
  t.is(ids[1], ids[2]);
});

test("an event that has grown too old is not repeated", async (t) => {
  let offsetMs = 0;
  const repetitionMs = 7;
  const clock: Clock = {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + offsetMs,
    monotonicMs: () => systemClock.monotonicMs() + offsetMs,
    setTimeout: (callback, delayMs) => {
      // The first repetition comes at half the age that is allowed, the second beyond it.
      if (delayMs === repetitionMs) offsetMs += 40_000;
      return systemClock.setTimeout(callback, delayMs);
    },
  };
  const rig = await EngineRig.start(t, { clock, retryDelaysMs: [repetitionMs, repetitionMs] });
  await rig.create("web");
  const age = { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60 };
  await rig.client.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: "web", ...age }));
  await rig.send("web", "web-0", { action: "fail" });
  const lines = await rig.lines(rig.path("state/engine.log"), 3);
  t.deepEqual(
    lines.map((line) => line.split(" ")[0]),
    ["START", "START", "DROP"],
  );
  t.regex(lines.at(-1) ?? "", /too old/);
});

test("an event that is to be dropped is accepted and never handled", async (t) => {
  const rig = await EngineRig.start(t, { faults: { drops: { at: [0] } } });
  await rig.create("web");
  const file = rig.path("written");
  t.is(await rig.send("web", "web-0", { action: "write", file, line: "first" }), 202);
  t.is(await rig.send("web", "web-0", { action: "write", file, line: "second" }), 202);
  t.deepEqual(await rig.lines(file, 1), ["second"]);
  t.is(rig.starts(), 1);
});

test("an environment that is reaped early is not there for the next event", async (t) => {
  const rig = await EngineRig.start(t, { faults: { earlyReaps: { at: [0] } } });
  await rig.create("web");
  const pids: unknown[] = [];
  for (let event = 0; event < 3; event += 1) {
    const { payload } = await rig.invoke("web", "web-0", { action: "describe" });
    pids.push((payload as { pid: number }).pid);
    if (event === 0) t.like(await rig.endings(1), [{ reason: "reaped", tenantId: "web-0" }]);
  }
  t.not(pids[1], pids[0]);
  t.is(pids[2], pids[1]);
});

test("occasions that are drawn depend on the seed alone", (t) => {
  const draw = (seed: number) => {
    const lottery = new Lottery({ probability: 0.25, seed });
    return Array.from({ length: 400 }, () => lottery.draw());
  };
  t.deepEqual(draw(7), draw(7));
  t.notDeepEqual(draw(7), draw(8));
  const hits = draw(7).filter(Boolean).length;
  t.true(hits > 60 && hits < 140, String(hits));
  t.false(new Lottery(undefined).draw());
});

function throttled() {
  const timers = new Map<TimerHandle, () => void>();
  const told: string[] = [];
  let room = 0;
  const clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    setTimeout: (callback: () => void) => {
      const timer = Symbol("timer");
      timers.set(timer, callback);
      return timer;
    },
    clearTimeout: (timer: TimerHandle) => void timers.delete(timer),
  };
  const isTaken = ({ requestId }: Invocation) => {
    if (room === 0) return false;
    room -= 1;
    told.push(`taken ${requestId}`);
    return true;
  };
  const tooOld = ({ requestId }: Invocation) => told.push(`too old ${requestId}`);
  const events = new ThrottledEvents(clock, { isTaken, tooOld });
  const submit = (requestId: string, expiresAtMs: number) =>
    events.submit({
      ...{ requestId, record: functionRecord, functionArn: "", tenantId: null, expiresAtMs },
      ...{ payload: null, clientContext: null, settle: () => undefined },
    });
  const allow = (count: number) => {
    room += count;
    events.tryAgain();
    return Promise.resolve();
  };
  return { events, timers, submit, allow, told, expire: () => [...timers.values()][0]?.() };
}

test("throttled events go on in their order, and not beyond their age", async (t) => {
  const { events, timers, submit, allow, told, expire } = throttled();
  for (const id of ["a", "b", "c", "d"]) submit(id, 1000);
  submit("e", -1);
  await allow(1);
  expire();
  await allow(1);
  t.deepEqual(told, ["too old e", "taken a", "too old b", "taken c"]);
  t.deepEqual(
    events.close().map(({ requestId }) => requestId),
    ["d"],
  );
  t.deepEqual([...timers], []);
});
