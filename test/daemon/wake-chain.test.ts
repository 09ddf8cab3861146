import test from "ava";
import type { LifecycleEvent } from "../../platform/daemon/service.js";
import { type WakeSources, wakeChain } from "../../platform/daemon/wake-chain.js";
import type { Wake } from "../../platform/supervisor/present-wake.js";

const startMs = Date.parse("2026-01-01T00:00:00.000Z");
const iso = (second: number): string => new Date(startMs + second * 1000).toISOString();

/** Woken at this second, running half a second later. */
function woken(host: string, by: string, second: number, incarnation = 1): LifecycleEvent {
  const phases = [{ name: "claiming", tookMs: 500 }];
  const wake = { at: iso(second), tookMs: 500, pid: 40, program: "node", port: 80, phases };
  const change = { from: "allocating", to: "running", signal: "connect", tookMs: 500 } as const;
  return { at: iso(second + 0.5), host, incarnation, by, ...change, wake };
}

function sources(events: readonly LifecycleEvent[], present: Record<string, Wake> = {}) {
  const isHost = (name: string) => ["web", "api", "db"].includes(name);
  const under = (host: string) => {
    const wake = present[host];
    return wake === undefined ? null : { incarnation: 7, wake };
  };
  return { events, isHost, present: under } satisfies WakeSources;
}

function links(host: string, from: WakeSources): readonly string[] {
  const { chain, chainBegins } = wakeChain(host, from);
  return [...chain.map((wake) => `${wake.host} ${wake.incarnation} by ${wake.by}`), chainBegins];
}

test("a chain is followed through hosts to the program that began it", (t) => {
  const events = [woken("web", "curl", 1), woken("api", "web", 2), woken("db", "api", 3)];
  t.deepEqual(links("db", sources(events)), [
    "db 1 by api",
    "api 1 by web",
    "web 1 by curl",
    "program",
  ]);
});

test("the wake that was a reason is meant, not a later one of the same host", (t) => {
  const events = [
    woken("web", "curl", 1),
    woken("db", "web", 2),
    woken("web", "outside", 9, 2),
    woken("web", "im", 12, 3),
  ];
  t.deepEqual(links("db", sources(events)), ["db 1 by web", "web 1 by curl", "program"]);
  t.deepEqual(links("web", sources(events)), ["web 3 by im", "hand"]);
});

test("a host that connects before it is ready is a reason, also while it is not", (t) => {
  const wake: Wake = {
    ...{ signal: "connect", by: "outside", pid: null, program: null, port: 80 },
    ...{ atMs: startMs + 1000, tookMs: 100, phases: [] },
  };
  const from = sources([woken("db", "api", 2)], { api: wake });
  t.deepEqual(links("db", from), ["db 1 by api", "api 7 by outside", "outside"]);
  t.true(wakeChain("api", from).chain[0]?.underWay);
  t.false(wakeChain("db", from).chain[0]?.underWay);
});

test("hosts that woke each other end the chain", (t) => {
  const events = [woken("web", "api", 1), woken("api", "web", 2), woken("web", "api", 3, 2)];
  t.deepEqual(links("web", sources(events)), ["web 2 by api", "api 1 by web", "loop"]);
  t.deepEqual(links("db", sources([woken("db", "db", 1)])), ["db 1 by db", "itself"]);
});

test("what is not known any more ends the chain, too", (t) => {
  t.deepEqual(links("db", sources([woken("db", "api", 2)])), ["db 1 by api", "host"]);
  t.deepEqual(links("db", sources([])), ["nobody"]);
});

test("a wake that an earlier daemon did not describe is still a link", (t) => {
  const { wake: _, ...bare } = woken("db", "curl", 2);
  const { chain } = wakeChain("db", sources([bare]));
  t.like(chain[0], { by: "curl", at: iso(2.5), port: null, phases: [] });
});
