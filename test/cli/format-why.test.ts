import test from "ava";
import { formatWhy } from "../../platform/cli/format-why.js";
import type {
  HostWhy,
  WhyAwake,
  WhyConnection,
  WhyWake,
} from "../../platform/daemon/why-document.js";

const nowMs = Date.parse("2026-01-01T00:01:00.000Z");

const wake: WhyWake = {
  ...{ host: "db", incarnation: 2, signal: "connect", by: "api", pid: 4243, program: "node" },
  ...{ port: 5432, at: "2026-01-01T00:00:48.000Z", tookMs: 84, underWay: false },
  phases: [
    { name: "claiming", tookMs: 4 },
    { name: "booting", tookMs: 80 },
  ],
};
const why: HostWhy = {
  ...{ deployment: "shop", host: "db", state: "running", incarnation: 2 },
  ...{ at: "2026-01-01T00:01:00.000Z", since: "2026-01-01T00:00:48.084Z" },
  ...{ chain: [wake], chainBegins: "host", awake: null, wokenBy: [], failure: null },
};

test("a chain is told from the host to what began it, with pids and phases", (t) => {
  const api = { ...wake, host: "api", by: "curl", pid: 4242, program: "curl", port: 80 };
  const text = formatWhy({ ...why, chain: [wake, api], chainBegins: "program" }, nowMs);
  t.is(
    text,
    [
      "db is running (incarnation 2), since 11 s ago",
      "db was woken by api (node, pid 4243) connecting to port 5432, 12 s ago",
      "  took 84 ms: claiming 4 ms, booting 80 ms",
      "api was woken by curl (pid 4242) connecting to port 80, 12 s ago",
      "  took 84 ms: claiming 4 ms, booting 80 ms",
      "",
    ].join("\n"),
  );
});

const signals: readonly (readonly [change: Partial<WhyWake>, text: RegExp])[] = [
  [{ by: "outside", pid: null, program: null }, /by a program without the shim connecting to/],
  [{ by: "outside", program: "curl" }, /a program without the shim \(curl, pid 4243\) connecting/],
  [{ port: null }, /woken by api \(node, pid 4243\) connecting, /],
  [{ signal: "datagram" }, /api \(node, pid 4243\) sending a datagram to port 5432/],
  [{ signal: "data", pid: null }, /woken by data from api on port 5432, /],
  [{ signal: "data", pid: null, port: null }, /woken by data from api, /],
  [{ signal: "timer", by: "db", port: null }, /woken by a timer of its own, /],
  [{ signal: "wake", by: "im", port: null }, /woken by hand \(im wake\), /],
  [{ signal: "comet", pid: null }, /woken by comet by api, /],
  [{ underWay: true }, /db is being woken by .*\n {2}84 ms so far: /],
];
for (const [change, text] of signals) {
  test(`a wake of ${JSON.stringify(change)} is told as such`, (t) => {
    t.regex(formatWhy({ ...why, chain: [{ ...wake, ...change }] }, nowMs), text);
  });
}

const inbound: WhyConnection = {
  ...{ protocol: "tcp", direction: "in", port: 80, peer: "api", peerAddress: "127.64.0.12" },
  ...{ peerPort: 50_000, receiveQueue: 7, sendQueue: 0 },
};
const outbound: WhyConnection = {
  ...inbound,
  ...{ direction: "out", port: 40_000, receiveQueue: 0, sendQueue: 9 },
};
const nothing = { quietMs: 100, agoMs: null, forMs: null, leftMs: null };
const neither = { connection: null, process: null };

const reasons: readonly (readonly [awake: Partial<WhyAwake> & Pick<WhyAwake, "rule">, RegExp])[] = [
  [{ rule: "never" }, /its manifest says `idle\.after: never`/],
  [{ rule: "minimum", leftMs: 3000 }, /stays for another 3 s/],
  [{ rule: "timer", leftMs: 700 }, /^a timer of its own is due in 700 ms, too soon for a sleep$/],
  [{ rule: "unaccepted", connection: inbound }, /^api \(127\.64\.0\.12:50000\) on port 80 waits/],
  [{ rule: "queued", connection: inbound, forMs: 40 }, /^7 bytes wait to be read: .*, for 40 ms$/],
  [
    { rule: "queued", connection: outbound, forMs: 40 },
    /^9 bytes wait to be taken by the peer: to api \(.*\) from port 40000, for 40 ms$/,
  ],
  [{ rule: "traffic", agoMs: 20 }, /^it was woken 20 ms ago$/],
  [{ rule: "traffic", agoMs: 20, connection: inbound }, /^there was traffic 20 ms ago: api /],
  [
    { rule: "process", agoMs: 20, process: { pid: 7, command: "node x.js" } },
    /^process 7 \(node x\.js\) worked 20 ms ago$/,
  ],
  [
    { rule: "process", agoMs: 20, process: { pid: null, command: null } },
    /^a process that has ended worked/,
  ],
  [
    { rule: "answering", forMs: 2000, connection: inbound },
    /^a request has no answer yet, for 2 s: api \(127\.64\.0\.12:50000\) on port 80$/,
  ],
  [
    { rule: "asking", forMs: 2000, connection: outbound },
    /^it waits for an answer, for 2 s: to api /,
  ],
  [{ rule: "idle" }, /^nothing, for 100 ms: it is about to be suspended$/],
  [{ rule: "unknown" }, /^nobody has looked yet$/],
];
for (const [awake, text] of reasons) {
  test(`the rule of ${JSON.stringify(awake)} has words`, (t) => {
    const told = formatWhy({ ...why, awake: { ...nothing, ...neither, ...awake } }, nowMs);
    const line = told.split("\n").find((one) => one.startsWith("kept awake: ")) ?? "";
    t.regex(line.slice("kept awake: ".length), text);
  });
}

test("a host that is away says what would wake it, and why it failed", (t) => {
  const failure = { code: "IM_GUEST_EXITED", message: "no\u001b[2J luck" };
  const wokenBy = [
    { signal: "connect", port: 80 },
    { signal: "datagram", port: 53 },
    { signal: "data", port: null },
    { signal: "wake", port: null },
  ];
  const retryAt = "2026-01-01T00:01:05.000Z";
  const away = { ...why, chain: [], wokenBy, state: "failed", failure: { ...failure, retryAt } };
  t.is(
    formatWhy({ ...away, chainBegins: "nobody", since: null }, nowMs),
    [
      "db is failed (incarnation 2)",
      "failed: IM_GUEST_EXITED: no [2J luck; connects fail for another 5 s",
      "would be woken by: a connection to port 80, a datagram to port 53, " +
        "anything on an open connection, im wake db",
      "",
    ].join("\n"),
  );
});

test("where a chain does not begin with a program, that is said", (t) => {
  t.regex(formatWhy(why, nowMs), /of what woke api nothing is known any more\n/);
  t.regex(formatWhy({ ...why, chainBegins: "loop" }, nowMs), /api is above already/);
});
