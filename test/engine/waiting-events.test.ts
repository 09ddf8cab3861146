import test from "ava";
import type { TimerHandle } from "../../platform/ports/clock.js";
import type { Invocation } from "../../simulator/lambda/invocation.js";
import { WaitingEvents } from "../../simulator/lambda/waiting-events.js";
import { functionRecord } from "./function-fixture.js";

function event(requestId: string, tenantId: string): Invocation {
  const nothing = { payload: null, clientContext: null, expiresAtMs: null };
  const settle = () => undefined;
  return { requestId, record: functionRecord, functionArn: "", tenantId, ...nothing, settle };
}

function waitingEvents() {
  const timers = new Map<TimerHandle, () => void>();
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
  const late: string[] = [];
  const waiting = new WaitingEvents(clock, 25, ({ requestId }) => late.push(requestId));
  const pass = () => {
    for (const [timer, callback] of [...timers]) {
      timers.delete(timer);
      callback();
    }
  };
  return { waiting, timers, late, pass };
}

test("a patient event is for its own tenant's environment, until its patience ends", (t) => {
  const { waiting, late, pass } = waitingEvents();
  const [patient, other] = [event("a", "web-0"), event("b", "web-1")];
  waiting.addPatient(patient);
  t.deepEqual([waiting.size, waiting.impatientSize], [1, 0]);
  t.is(waiting.takeFor(null), null);
  t.is(waiting.takeFor("web web-1"), null);
  waiting.add(other);
  t.is(waiting.impatientSize, 1);
  t.is(waiting.takeFor(null), other);
  pass();
  t.deepEqual(late, ["a"]);
  t.is(waiting.takeFor(null), patient);
  t.is(waiting.size, 0);
});

test("a patient event that its environment takes, or that is withdrawn, is never late", (t) => {
  const { waiting, timers, late, pass } = waitingEvents();
  const [first, second] = [event("a", "web-0"), event("b", "web-0")];
  waiting.addPatient(first);
  waiting.addPatient(second);
  t.is(waiting.takeFor("web web-0"), first);
  t.deepEqual(waiting.withdraw("web"), [second]);
  t.is(timers.size, 0);
  pass();
  t.deepEqual(late, []);
});
