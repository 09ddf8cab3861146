import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { hostNames } from "../../platform/manifest/manifest.js";
import { accepted, acceptedHost, errorsOf, file, hostText, summary } from "./manifest-text.js";

test("the smallest manifest gets every default", (t) => {
  t.deepEqual(accepted("deployment: shop\nhosts: {web: {command: [./web]}}"), {
    deployment: "shop",
    file,
    classes: [
      {
        name: "web",
        count: null,
        command: ["./web"],
        directory: "/projects/shop",
        listen: [],
        publish: [],
        environment: {},
        memoryMb: 512,
        bootTimeoutMs: 30_000,
        stopGraceMs: 10_000,
        ready: "exec",
        intercept: "preload",
        idle: {
          afterMs: 30_000,
          terminateAfterMs: 600_000,
          inFlightMaxMs: 60_000,
          honorsTimers: false,
        },
        wakeEveryMs: null,
      },
    ],
  });
});

test("every key of a host is taken over", (t) => {
  const host = acceptedHost(
    "directory: ./web",
    'listen: [80, "81", "82/tcp", "53/udp"]',
    'publish: ["8080:80", "8081:82"]',
    'environment: {API: "http://api:3000"}',
    "memory: 1GB",
    "bootTimeout: 5m",
    "stopGrace: 0s",
    "ready: exec",
    "intercept: none",
    "placement: function",
    "idle: {after: 5s, terminateAfter: never, inFlightMax: 250ms, timers: honor}",
    "wake: {every: 5m}",
  );
  t.deepEqual(host, {
    name: "web",
    count: null,
    command: ["node", "server.js"],
    directory: "/projects/shop/web",
    listen: [
      ...[80, 81, 82].map((port) => ({ port, protocol: "tcp" as const })),
      { port: 53, protocol: "udp" },
    ],
    publish: [
      { from: 8080, to: 80 },
      { from: 8081, to: 82 },
    ],
    environment: { API: "http://api:3000" },
    memoryMb: 1024,
    bootTimeoutMs: 300_000,
    stopGraceMs: 0,
    ready: "exec",
    intercept: "none",
    idle: { afterMs: 5000, terminateAfterMs: null, inFlightMaxMs: 250, honorsTimers: true },
    wakeEveryMs: 300_000,
  });
});

test("idle's keys are taken from defaults one by one, and never is one of their values", (t) => {
  const text = [
    "deployment: shop",
    "defaults: {idle: {after: never, terminateAfter: 1m}, wake: {every: 1h}}",
    "hosts: {web: {command: a, idle: {terminateAfter: never}}, api: {command: a}}",
  ].join("\n");
  const [web, api] = accepted(text).classes;
  const shared = { afterMs: null, inFlightMaxMs: 60_000, honorsTimers: false };
  t.deepEqual(web?.idle, { ...shared, terminateAfterMs: null });
  t.deepEqual(api?.idle, { ...shared, terminateAfterMs: 60_000 });
  t.is(web?.wakeEveryMs, 3_600_000);
});

test("a host with ports is ready when it listens, one without when it is executed", (t) => {
  t.is(acceptedHost("listen: [80]").ready, "listen");
  t.is(acceptedHost("listen: []").ready, "exec");
});

test("defaults hold where a host says nothing, and environments are merged", (t) => {
  const { classes } = accepted(`
deployment: shop
defaults: {memory: 1GB, directory: /srv, ready: listen, environment: {A: 1, B: 2}}
hosts:
  one: {command: one, environment: {B: 3}}
  two: {command: two, memory: 128MB, directory: sub, listen: [80]}`);
  const [one, two] = classes;
  t.like(one, { memoryMb: 1024, directory: "/srv", ready: "exec" });
  t.deepEqual(one?.environment, { A: "1", B: "3" });
  t.like(two, { memoryMb: 128, directory: "/projects/shop/sub", ready: "listen" });
});

test("numbers and booleans in environment and command stay as they are written", (t) => {
  const text = hostText(
    "command: [chmod, 0644, 1.10, true]",
    "environment: {MODE: 0644, VERSION: 1.10, ID: 12345678901234567890, ON: True, EMPTY: ''}",
  );
  const [host] = accepted(text).classes;
  t.deepEqual(host?.command, ["chmod", "0644", "1.10", "true"]);
  t.deepEqual(host?.environment, {
    MODE: "0644",
    VERSION: "1.10",
    ID: "12345678901234567890",
    ON: "True",
    EMPTY: "",
  });
});

test("a command string is split, and handed to /bin/sh where shell is true", (t) => {
  const plain = accepted(hostText(`command: node -e "a b" $HOME`));
  t.deepEqual(plain.classes[0]?.command, ["node", "-e", "a b", "$HOME"]);
  const shell = accepted(hostText("command: exec node $FLAGS", "shell: true"));
  t.deepEqual(shell.classes[0]?.command, ["/bin/sh", "-c", "exec node $FLAGS"]);
});

test("a class with count has hosts name-0 and on", (t) => {
  t.deepEqual(hostNames(acceptedHost("count: 3")), ["web-0", "web-1", "web-2"]);
  t.deepEqual(hostNames(acceptedHost()), ["web"]);
});

test("anchors and aliases share values", (t) => {
  const { classes } = accepted(`
deployment: shop
hosts:
  a: {command: &command [run, 1.0], environment: &env {X: 0x10}}
  b: {command: *command, environment: *env}`);
  t.deepEqual(classes[1]?.command, ["run", "1.0"]);
  t.deepEqual(classes[1]?.environment, { X: "0x10" });
});

test("a directive for YAML 1.1 does not change what values mean", (t) => {
  const { classes } = accepted(`%YAML 1.1\n---\n${hostText("command: [yes, 010, 1:30]")}`);
  t.deepEqual(classes[0]?.command, ["yes", "010", "1:30"]);
});

test("24,000 hosts are accepted, one more is refused where the limit is passed", (t) => {
  const text = (count: number) =>
    `deployment: a\nhosts:\n  one: {command: a}\n  many: {command: a, count: ${count}}`;
  t.is(accepted(text(23_999)).classes.length, 2);
  t.deepEqual(summary(errorsOf(text(24_000))), [
    "4:3 INVALID with `many` the manifest has too many hosts",
  ]);
});

const examples = fileURLToPath(new URL("../../../manifests/", import.meta.url));
for (const name of readdirSync(examples).filter((entry) => entry.endsWith(".yaml"))) {
  test(`the example manifests/${name} is valid`, (t) => {
    t.deepEqual(summary(errorsOf(readFileSync(join(examples, name), "utf8"))), []);
  });
}
