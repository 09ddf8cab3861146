import test from "ava";
import type { Verdict } from "../../platform/idle/awake-reason.js";
import { IdleJudge, type IdleSettings } from "../../platform/idle/idle-judge.js";
import type { Connection, ProcessUse } from "../../platform/ports/sensor.js";
import { connection, outbound, servedPort, using } from "./look.js";

const settings: IdleSettings = { afterMs: 1000, inFlightMaxMs: 60_000 };

class Watched {
  readonly #judge: IdleJudge;
  #atMs = 0;

  constructor(over: Partial<IdleSettings> = {}) {
    this.#judge = new IdleJudge({ ...settings, ...over }, ({ port }) => port === servedPort, 0);
  }

  /** Looks once, `afterMs` after the last look. */
  look(afterMs: number, connections: readonly Connection[], processes: readonly ProcessUse[] = []) {
    this.#atMs += afterMs;
    this.#judge.heard(connections, this.#atMs);
    if (this.#judge.silent) this.#judge.worked(processes, this.#atMs);
    return this.#judge.verdict(this.#atMs);
  }

  /** Looks four times a second. */
  looks(forMs: number, connections: readonly Connection[]): Verdict {
    for (let leftMs = forMs; leftMs > 250; leftMs -= 250) this.look(250, connections);
    return this.look(250, connections);
  }
}

function rule(verdict: Verdict): string {
  return verdict.idle ? "idle" : verdict.reason.rule;
}

test("a host without connections is idle when its time is over, and not before", (t) => {
  const watched = new Watched();
  watched.look(499, []);
  t.is(rule(watched.look(500, [])), "traffic");
  t.is(rule(watched.look(1, [])), "idle");
});

test("a host that is never to be idle is never idle", (t) => {
  t.is(rule(new Watched({ afterMs: null }).look(1e9, [])), "never");
});

test("a connection that nobody has accepted keeps a host awake for as long as it waits", (t) => {
  const watched = new Watched();
  t.is(rule(watched.looks(100_000, [connection({ waiting: true })])), "unaccepted");
});

test("bytes that wait to be read or taken keep a host awake, until nobody touches them", (t) => {
  for (const queued of [{ receiveQueue: 1 }, { sendQueue: 70_000 }]) {
    const watched = new Watched();
    const stuck = connection({
      received: 1,
      sent: 1,
      lastReceivedAtMs: 0,
      lastSentAtMs: -9,
      ...queued,
    });
    t.is(rule(watched.looks(59_000, [stuck])), "queued");
    t.is(rule(watched.looks(5_000, [stuck])), "idle");
  }
});

test("a peer that asked and has no answer keeps a host awake as long as is set", (t) => {
  const watched = new Watched();
  const open = connection();
  watched.look(100, [open]);
  const asked = { ...open, received: 20, lastReceivedAtMs: 200 };
  t.is(rule(watched.look(100, [asked])), "traffic");
  t.is(rule(watched.looks(30_000, [asked])), "answering");
  const answered = { ...asked, sent: 500 };
  t.is(rule(watched.look(250, [answered])), "traffic");
  t.is(rule(watched.looks(1000, [answered])), "idle");
});

test("a list that is the same as before is judged by the time that has passed", (t) => {
  const watched = new Watched({ inFlightMaxMs: 5000 });
  const open = connection();
  watched.look(100, [open]);
  const same = [{ ...open, received: 20 }];
  watched.look(100, same);
  t.is(rule(watched.looks(4500, same)), "answering");
  t.is(rule(watched.looks(1000, same)), "idle");
  t.is(rule(watched.look(250, [])), "traffic");
});

test("a request protects until its maximum, and for ever where there is none", (t) => {
  const open = connection();
  const asked = { ...open, received: 20 };
  for (const [inFlightMaxMs, expected] of [
    [5000, "idle"],
    [null, "answering"],
  ] as const) {
    const watched = new Watched({ inFlightMaxMs });
    watched.look(100, [open]);
    t.is(rule(watched.looks(4900, [asked])), "answering");
    t.is(rule(watched.looks(400, [asked])), expected);
  }
});

test("a host that asked and has no answer stays awake, one that was answered does not", (t) => {
  const watched = new Watched();
  const open = outbound();
  watched.look(100, [open]);
  t.is(rule(watched.looks(30_000, [{ ...open, sent: 9 }])), "asking");
  t.is(rule(watched.looks(1500, [{ ...open, sent: 9, received: 5 }])), "idle");
});

test("a subscriber that was told last, and connections of a pool, keep nobody awake", (t) => {
  const subscriber = connection({
    received: 30,
    sent: 60,
    lastReceivedAtMs: -900,
    lastSentAtMs: -880,
  });
  const pool = [connection(), outbound(), subscriber];
  t.is(rule(new Watched().looks(1250, pool)), "idle");
});

test("a download that moves keeps a host awake", (t) => {
  const watched = new Watched();
  const download = connection({ received: 80 });
  for (let sent = 0; sent < 100; sent++) {
    t.is(rule(watched.look(900, [{ ...download, sent: sent * 1000 }])), "traffic");
  }
});

test("where question and answer cannot be told apart, a host sleeps, and it is said", (t) => {
  const watched = new Watched();
  const open = connection();
  watched.look(100, [open]);
  const at = { lastReceivedAtMs: 104, lastSentAtMs: 104, lastAcknowledgedAtMs: 104 };
  const both = { ...open, received: 10, sent: 10, ...at, acksReceived: 1, acksSent: 1 };
  const verdict = watched.looks(1500, [both]);
  t.like(verdict, { idle: true, tied: true });
  // Nor are its timers honoured for longer than a request would protect it.
  t.like(watched.looks(60_000, [both]), { idle: true, tied: false });
  const clear = { ...both, received: 20, sent: 20, lastReceivedAtMs: 61_640, lastSentAtMs: 61_600 };
  t.is(rule(watched.looks(1500, [clear])), "answering");
});

test("a connection that comes or goes keeps a host awake for its time", (t) => {
  const watched = new Watched();
  watched.looks(3000, []);
  const open = connection({ lastReceivedAtMs: 3250, lastSentAtMs: 0 });
  t.is(rule(watched.look(250, [open])), "traffic");
  t.is(rule(watched.looks(1000, [open])), "idle");
  t.is(rule(watched.look(250, [])), "traffic");
  t.is(rule(watched.looks(1000, [])), "idle");
});

test("a connection that is old when it is first seen is no traffic", (t) => {
  const watched = new Watched();
  t.is(rule(watched.looks(2000, [])), "idle");
  t.is(
    rule(watched.look(250, [connection({ lastReceivedAtMs: -3000, lastSentAtMs: -4000 })])),
    "idle",
  );
});

test("ticks of a server are no work, a computation is, and so is a child that ends", (t) => {
  const watched = new Watched();
  for (let cpuMs = 0; cpuMs <= 40; cpuMs += 10) watched.look(1000, [], [using(cpuMs)]);
  t.is(rule(watched.look(1000, [], [using(50)])), "idle");
  const busy = watched.look(1000, [], [using(60), using(400, 7)]);
  t.like(busy, { idle: false, reason: { rule: "process", pid: 7 } });
  t.is(rule(watched.look(1000, [], [using(60), using(400, 7)])), "idle");
  t.like(watched.look(1000, [], [using(60)]), { idle: false, reason: { pid: null } });
});

test("a process that waits for its disk at two looks in a row works", (t) => {
  const watched = new Watched();
  const waits: ProcessUse = { pid: 3, cpuMs: 0, blocked: true };
  watched.looks(2000, []);
  t.is(rule(watched.look(250, [], [waits])), "idle");
  t.is(rule(watched.look(250, [], [waits])), "process");
});

test("what a process used while traffic was seen is not held against it later", (t) => {
  const watched = new Watched();
  watched.look(250, [], [using(0)]);
  const open = connection();
  for (let sent = 1; sent < 20; sent++) watched.look(900, [{ ...open, sent }]);
  const after = { ...open, sent: 19 };
  watched.look(500, [after], [using(9000)]);
  t.is(rule(watched.look(500, [after], [using(9000)])), "idle");
});

test("a host that computes is found to do so, however seldom anybody looks", (t) => {
  const watched = new Watched();
  for (let cpuMs = 0; cpuMs <= 20_000; cpuMs += 5000) {
    t.not(rule(watched.look(5000, [], [using(cpuMs)])), "idle");
  }
  t.is(rule(watched.look(5000, [], [using(20_000)])), "idle");
});
