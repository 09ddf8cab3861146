import test from "ava";
import { references } from "../../platform/cli/wake-graph.js";
import type { HostClass, Manifest } from "../../platform/manifest/manifest.js";

const base = {
  count: null,
  command: ["server"],
  directory: "/",
  listen: [],
  publish: [],
  environment: {},
  memoryMb: 512,
  bootTimeoutMs: 30_000,
  stopGraceMs: 10_000,
  ready: "listen",
  intercept: "preload",
  idle: { afterMs: null, terminateAfterMs: null, inFlightMaxMs: null, honorsTimers: false },
  wakeEveryMs: null,
} as const;

function manifest(web: Partial<HostClass>): Manifest {
  const classes: readonly HostClass[] = [
    { ...base, name: "web", ...web },
    { ...base, name: "api", listen: [{ port: 3000, protocol: "tcp" }] },
    { ...base, name: "worker", count: 12, listen: [{ port: 7000, protocol: "tcp" }] },
  ];
  return { deployment: "shop", file: "/m.yaml", classes };
}

/** As `name:port`, `?` behind what is not declared. */
function found(web: Partial<HostClass>): readonly string[] {
  return references(manifest(web)).map(({ to, port, declared }) => {
    return `${to}${port === null ? "" : `:${port}`}${declared ? "" : "?"}`;
  });
}

const rows: readonly (readonly [value: string, ...expected: string[]])[] = [
  ["http://api:3000/v1", "api:3000"],
  ["http://api/", "api"],
  ["postgres://user:hunter2@api:3000/shop", "api:3000"],
  ["api:3000", "api:3000"],
  ["api:5432", "api:5432?"],
  ["api", "api"],
  ["worker-0:7000,worker-11:7000", "worker-0:7000", "worker-11:7000"],
  ["worker-12:7000"],
  ["worker-01:7000"],
  ["--host=api", "api"],
  ['{"host":"api"}', "api"],
  ["connect api:3000 && echo api.js", "api:3000"],
  ["./api/server.js"],
  ["api.js"],
  ["my-api:3000"],
  ["api.example.org:3000"],
  ["http://api.example.org/"],
  ["web:80"],
];

for (const [value, ...expected] of rows) {
  test(`a variable with ${value} refers to ${expected.join(" and ") || "nobody"}`, (t) => {
    t.deepEqual(found({ environment: { TARGET: value } }), expected);
  });
}

test("the words of a command are looked at, but for the program", (t) => {
  t.deepEqual(found({ command: ["api", "-h", "worker-3", "-p", "7000"] }), ["worker-3"]);
});

test("a reference says where it was found, and never a value", (t) => {
  const all = references(manifest({ environment: { API_URL: "http://u:hunter2@api:3000" } }));
  const where = "API_URL";
  const api = { to: "api", toClass: "api", port: 3000, declared: true };
  t.deepEqual(all, [{ from: "web", ...api, where }]);
});
