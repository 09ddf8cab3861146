import test from "ava";
import { formatDeployed, formatPlan } from "../../platform/cli/format-deploy.js";
import { formatEvent } from "../../platform/cli/format-event.js";
import { formatSpan, formatStatus } from "../../platform/cli/format-status.js";
import { formatTable } from "../../platform/cli/table.js";
import { plain } from "../../platform/cli/terminal.js";
import type { HostStatus } from "../../platform/daemon/service.js";
import { fakeManifest } from "../fixtures/daemon/fake-service.js";

const nowMs = Date.parse("2026-01-01T00:01:00.000Z");

const running: HostStatus = {
  name: "web",
  class: "web",
  state: "running",
  address: "127.64.0.12",
  listen: [80, "53/udp"],
  incarnation: 3,
  wakes: 5,
  pids: [4242, 4243, 4244, 4245],
  connections: 2,
  idleForMs: 120,
  lastWake: { signal: "connect", by: "api", port: 80, at: "2026-01-01T00:00:48Z", tookMs: 84 },
  lastSuspend: null,
  memoryMb: 41,
  billedMs: 120_034,
  error: null,
};
const failed: HostStatus = {
  ...running,
  name: "db",
  state: "failed",
  pids: [],
  idleForMs: null,
  lastWake: null,
  memoryMb: null,
  error: {
    code: "IM_GUEST_EXITED",
    message: "db ended with code 1\u001b[2J\nbefore it listened",
    retryAt: "2026-01-01T00:01:05Z",
  },
};
const whole = { deployment: "shop", cloud: "local", since: "2026-01-01T00:00:00Z" } as const;

test("a status says why it is not known yet what the hosts are", (t) => {
  const format = { columns: null, coloured: false, nowMs };
  const status = { ...whole, hosts: [], imaginary: 2, unread: "the store:\u001b no answer" };
  t.regex(
    formatStatus(status, format),
    /^NAME.*\nand 2 hosts not known yet\nthe store: +no answer\n$/,
  );
  t.regex(formatStatus({ ...status, imaginary: 0 }, format), /ERROR *\nthe store:.*\n$/);
  t.regex(
    formatStatus({ ...whole, hosts: [], imaginary: 2 }, format),
    /and 2 hosts never real yet\n$/,
  );
});

test("a status table says everything where there is room", (t) => {
  const text = formatStatus(
    { ...whole, hosts: [running, failed], imaginary: 998 },
    { columns: null, coloured: false, nowMs },
  );
  t.deepEqual(
    text.split("\n").map((line) => line.split(/ {2,}/)),
    [
      [
        "NAME",
        "STATE",
        "ADDRESS",
        "LISTEN",
        "INC",
        "WAKES",
        "PIDS",
        "MEMORY",
        "IDLE",
        "LAST WAKE",
        "ERROR",
      ],
      [
        ...["web", "running", "127.64.0.12", "80,53/udp", "3", "5", "4242,4243,4244,+1", "41 MB"],
        "120 ms",
        "connect by api on 80, 12 s ago, took 84 ms",
      ],
      [
        ...["db", "failed", "127.64.0.12", "80,53/udp", "3", "5", "-", "-", "-", "-"],
        "IM_GUEST_EXITED: db ended with code 1 [2J before it listened (again in 5 s)",
      ],
      ["and 998 hosts never real yet"],
      [""],
    ],
  );
});

for (const columns of [30, 60, 80, 100, 140]) {
  test(`a status table fits ${columns} columns`, (t) => {
    const status = { ...whole, hosts: [running, failed], imaginary: 0 };
    const text = formatStatus(status, { columns, coloured: false, nowMs });
    for (const line of text.split("\n")) t.true(line.length <= Math.max(columns, 38), line);
    t.regex(text, /NAME +STATE/);
    t.regex(text, /db +failed/);
  });
}

test("colours do not change what a table says", (t) => {
  const status = { ...whole, hosts: [running, failed], imaginary: 0 };
  const coloured = formatStatus(status, { columns: 80, coloured: true, nowMs });
  t.true(coloured.includes("\u001b[32mrunning"));
  const stripped = coloured
    .split("\u001b")
    .map((part) => part.replace(/^\[\d+m/, ""))
    .join("");
  const lines = (text: string) => text.split("\n").map((line) => line.trimEnd());
  const without = formatStatus(status, { columns: 80, coloured: false, nowMs });
  t.deepEqual(lines(stripped), lines(without));
});

test("a column without a rank stays however narrow the terminal is", (t) => {
  const columns = [{ title: "A" }, { title: "B", rank: 1 }, { title: "C", rank: 2 }];
  t.is(formatTable(columns, [["aaaa", "bbbb", "cccc"]], 10), "A     C\naaaa  cccc\n");
  t.is(formatTable(columns, [["aaaa", "bbbb", "cccc"]], 3), "A\naaaa\n");
});

test("an event is one line", (t) => {
  const event = {
    at: "2026-01-01T00:00:01.000Z",
    host: "web",
    incarnation: 3,
    from: "allocating",
    to: "running",
    signal: "connect",
    by: "api",
    tookMs: 84.4,
  } as const;
  const line = "2026-01-01T00:00:01.000Z web 3 allocating → running connect by api 84ms";
  t.is(formatEvent(event, false), line);
  const at = "2026-01-01T00:00:00.000Z";
  const wake = { at, tookMs: 84, pid: 42, program: "node", port: 80, phases: [] };
  t.is(formatEvent({ ...event, wake }, false), line.replace("by api", "by api (pid 42) on 80"));
  const error = { code: "IM_BOOT_TIMEOUT", message: "never\nlistened" };
  t.is(
    formatEvent({ ...event, to: "failed", tookMs: null, error }, false),
    "2026-01-01T00:00:01.000Z web 3 allocating → failed connect by api - " +
      "IM_BOOT_TIMEOUT: never listened",
  );
});

test("a sleep and a wake from it are one line each, with how long they took", (t) => {
  const event = { at: "2026-01-01T00:00:01.000Z", host: "web", incarnation: 3 } as const;
  const asleep = { from: "suspending", to: "suspended", signal: "idle", by: "web" } as const;
  t.regex(
    formatEvent({ ...event, ...asleep, tookMs: 3 }, false),
    / web 3 suspending → suspended idle by web 3ms$/,
  );
  const awake = { from: "resuming", to: "running", signal: "data", by: "api" } as const;
  t.regex(
    formatEvent({ ...event, ...awake, tookMs: 2 }, false),
    / web 3 resuming → running data by api 2ms$/,
  );
});

const spans: readonly (readonly [ms: number, text: string])[] = [
  [0, "0 ms"],
  [84.4, "84 ms"],
  [999.4, "999 ms"],
  [1234, "1.2 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [3_600_000, "1 h"],
  [200_000_000, "2 d"],
];
for (const [ms, text] of spans) test(`${ms} ms are ${text}`, (t) => t.is(formatSpan(ms), text));

test("control characters do not reach the terminal", (t) => {
  t.is(plain("a\u001b[31mb\nc\u009bd"), "a [31mb c d");
});

test("a first deploy says how to go on, with the host that nobody calls", (t) => {
  const manifest = fakeManifest("shop", ["api", "web"]);
  const [api, web] = manifest.classes;
  if (api === undefined || web === undefined) return t.fail();
  const calling = { ...web, environment: { API: "http://api:8080" } };
  const result = { deployment: "shop", hosts: 2, added: ["api", "web"], changed: [], removed: [] };
  t.is(
    formatDeployed({ ...manifest, classes: [api, calling] }, result),
    "shop: 2 hosts declared, none runs. Try: im run -- curl http://web:8080/\n",
  );
});

const trials: readonly (readonly [command: string, port: number, trial: string])[] = [
  ["redis-server --port 6379", 6379, "redis-cli -h web ping"],
  ["redis-server --port 7000", 7000, "redis-cli -h web -p 7000 ping"],
  ["node server.js", 80, "curl http://web/"],
  ["postgres", 5432, "<any program that connects to web:5432>"],
];
for (const [command, port, trial] of trials) {
  test(`what to try with ${command} on ${port} is ${trial}`, (t) => {
    const manifest = fakeManifest("shop", ["web"]);
    const classes = manifest.classes.map((one) => ({
      ...one,
      command: command.split(" "),
      listen: [{ port, protocol: "tcp" as const }],
    }));
    const added = ["web"];
    const result = { deployment: "shop", hosts: 1, added, changed: [], removed: [] };
    const text = formatDeployed({ ...manifest, classes }, result, ["blog", "shop"]);
    t.true(text.endsWith(` Try: im run --deployment shop -- ${trial}\n`), text);
  });
}

test("a further deploy says what it changed", (t) => {
  const manifest = fakeManifest("shop", ["web"]);
  const result = { deployment: "shop", hosts: 1, added: [], changed: ["web"], removed: ["db"] };
  const text = "shop: 1 host declared; changed web; removed db.\n";
  t.is(formatDeployed(manifest, result), text);
  t.is(
    formatDeployed(manifest, { ...result, changed: [], removed: [] }),
    "shop: 1 host declared; nothing changed.\n",
  );
});

test("a plan shows who would wake whom and no value of a variable", (t) => {
  const manifest = fakeManifest("shop", ["web", "api"]);
  const [web, api] = manifest.classes;
  if (api === undefined || web === undefined) return t.fail();
  const environment = { API: "http://admin:hunter2@api:9999", TOKEN: "hunter2" };
  const classes = [
    { ...web, environment },
    { ...api, count: 1000 },
  ];
  const plan = formatPlan({ ...manifest, classes }, null);
  t.regex(plan, /^shop: 1,001 hosts would be declared, none would run\./);
  t.regex(plan, /api-0 … api-999 +8080/);
  t.regex(plan, /web → api:9999 \(by its variable API; api does not listen there\)/);
  t.notRegex(plan, /hunter2/);
  t.regex(formatPlan(fakeManifest("shop", ["web"]), null), /No command or environment names/);
});
