import test from "ava";
import { errorsOf, hostText, summary } from "./manifest-text.js";

test("ten different mistakes are reported at once, each at its place", (t) => {
  const text = `deployment: Shop
defaults:
  memory: 512
hosts:
  web:
    comand: node server.js
    listen: [80, 99999]
    publish: ["8080:81"]
    environment: {IM_HOST: web}
  api:
    command: "node 'api.js"
    bootTimeout: 20m
  db:
    command: redis-server
    ready: listen
    prewarm: on
  api: {command: again}
`;
  t.deepEqual(summary(errorsOf(text)), [
    "1:13 INVALID `deployment` is not valid",
    "3:11 INVALID `memory` in `defaults` is not valid",
    "6:5 INVALID unknown key `comand` in host `web`",
    "7:18 INVALID `listen[1]` of host `web` is not valid",
    '9:19 INVALID `environment` of host `web` cannot have a variable named "IM_HOST"',
    "11:14 INVALID `command` of host `api` ends within a single quote",
    "12:18 INVALID `bootTimeout` of host `api` is not valid",
    "15:12 INVALID `ready` of host `db` waits for a port, and none is declared",
    "16:5 UNSUPPORTED `prewarm` of host `db` is not supported yet: " +
      "warming a host ahead of its use comes in a later version",
    "17:3 INVALID the key `api` is written twice in one map",
  ]);
});

test("every error says what was expected, what was received and what to do", (t) => {
  const [error] = errorsOf(hostText("command: x", "bootTimeout: 30"));
  t.deepEqual(error?.details, {
    what: "`bootTimeout` of host `web` is not valid",
    expected: "a duration from 100ms to 15m, like 30s",
    received: "30 (number)",
    fix: "write a number and a unit, such as `30s`",
    place: { file: "/projects/shop/manifest.yaml", line: 5, column: 18 },
  });
});

/** Lines of one host `web` (the first is line 4), and the only error that they have. */
const rows: readonly (readonly [string, readonly string[], string])[] = [
  ["no command", ["listen: [80]"], "3:3 INVALID `command` of host `web` is missing"],
  ["an empty command", ["command: ' '"], "4:14 INVALID `command` of host `web` names no program"],
  [
    "an empty script",
    ["command: ' '", "shell: true"],
    "4:14 INVALID `command` of host `web` names",
  ],
  ["no words", ["command: []"], "4:14 INVALID `command` of host `web` is not valid"],
  ["a NUL", ['command: ["a\\0b"]'], "4:15 INVALID `command[0]` of host `web` is not valid"],
  ["a null word", ["command: [a, ~]"], "4:18 INVALID `command[1]` of host `web` is not valid"],
  [
    "a list for sh",
    ["command: [a]", "shell: true"],
    "4:14 INVALID `command` of host `web` must be",
  ],
  ["port 0", ["command: a", "listen: [0]"], "5:14 INVALID `listen[0]` of host"],
  ["a port too high", ["command: a", 'listen: ["65536"]'], "5:14 INVALID `listen[0]` of host"],
  ["half a port", ["command: a", "listen: [80.5]"], "5:14 INVALID `listen[0]` of host"],
  ["a lone port", ["command: a", "listen: 80"], "5:13 INVALID `listen` of host `web` is not valid"],
  ["a port twice", ["command: a", 'listen: [80, "80/tcp"]'], "5:18 INVALID `listen[1]` of host"],
  ["an unknown target", ["command: a", 'publish: ["1:2"]'], "5:15 INVALID `publish[0]` of host"],
  [
    "a published port of UDP",
    ["command: a", 'listen: ["53/udp"]', 'publish: ["8053:53/udp"]'],
    "6:15 INVALID `publish[0]` of host `web` is not valid",
  ],
  [
    "a publish beside a count",
    ["command: a", "count: 2", "listen: [80]", 'publish: ["1:80"]'],
    "7:5 INVALID `publish` of host `web` is not possible: a class has many hosts",
  ],
  [
    "a port published twice",
    ["command: a", "listen: [1, 2]", 'publish: ["8080:1", "8080:2"]'],
    "6:25 INVALID port 8080 of this machine is published twice",
  ],
  ["count 0", ["command: a", "count: 0"], "5:12 INVALID `count` of host `web` is not valid"],
  ["a count too high", ["command: a", "count: 24001"], "5:12 INVALID `count` of host `web` is"],
  ["memory too small", ["command: a", "memory: 127MB"], "5:13 INVALID `memory` of host `web` is"],
  ["memory too large", ["command: a", "memory: 11GB"], "5:13 INVALID `memory` of host `web` is"],
  ["a boot time too short", ["command: a", "bootTimeout: 99ms"], "5:18 INVALID `bootTimeout` of"],
  ["a grace without end", ["command: a", "stopGrace: never"], "5:16 INVALID `stopGrace` of host"],
  ["an unknown word", ["command: a", "ready: soon"], "5:12 INVALID `ready` of host `web` is not"],
  ["~ as directory", ["command: a", "directory: ~/x"], "5:16 INVALID `directory` of host `web`"],
  ["a list as environment", ["command: a", "environment: [A=1]"], "5:18 INVALID `environment` of"],
  ["an empty value", ["command: a", "environment: {A: }"], "5:19 INVALID `environment.A` of host"],
  ["LD_PRELOAD", ["command: a", "environment: {LD_PRELOAD: x}"], "5:19 INVALID `environment` of"],
  ["a key of the prototype", ["command: a", "__proto__: {}"], "5:5 INVALID the key `__proto__` is"],
  [
    "a hidden key of the prototype",
    ["command: a", "environment: {constructor: x}"],
    "5:19 INVALID the key `constructor` is not allowed",
  ],
  ["an alias to nothing", ["command: *none"], "4:14 INVALID an alias has no anchor before it"],
];

for (const [title, lines, expected] of rows) {
  test(`a host with ${title} is refused at its place`, (t) => {
    const found = summary(errorsOf(hostText(...lines))).filter((line) => line.startsWith(expected));
    t.deepEqual(found.length, 1, summary(errorsOf(hostText(...lines))).join("\n"));
  });
}

test("a misspelled key names the one that was meant", (t) => {
  const fixes = errorsOf(`
deploymnet: shop
hosts:
  web: {command: a, lisen: [80], enviroment: {}, idle: {afer: 3s}, zzzzzz: 1, boottimeout: 1s}
`).map((error) => error.details.fix);
  t.deepEqual(fixes, [
    "did you mean `deployment`?",
    "did you mean `listen`?",
    "did you mean `environment`?",
    "did you mean `after`?",
    "remove `zzzzzz`",
    "did you mean `bootTimeout`?",
  ]);
});

test("a key in the wrong section is sent to the right one", (t) => {
  const text = "deployment: a\nlisten: [1]\ndefaults: {count: 1}\nhosts: {a: {command: a, <<: {}}}";
  t.deepEqual(
    errorsOf(text).map((error) => error.details.fix),
    [
      "indent `listen` under its host",
      "give `count` to each host",
      "write what hosts share under `defaults`: maps are not merged",
    ],
  );
});

test("more ports than descriptors are refused where the limit is passed", (t) => {
  const text = `deployment: a
hosts:
  one: {command: a, listen: [1, 2], publish: ["8080:1"]}
  two: {command: a, count: 10, listen: [1, 2]}`;
  t.deepEqual(errorsOf(text, 1024 + 23), []);
  const [error] = errorsOf(text, 1024 + 22);
  t.is(error?.details.place?.line, 4);
  t.is(error?.details.expected, "at most 22 in all: a process may open 1046 descriptors here");
  t.is(error?.details.received, "23 ports");
});

test("a value of the environment is never repeated in an error", (t) => {
  const secret = "hunter2";
  const texts = [
    hostText("command: a", `environment: {A: [${secret}]}`),
    hostText("command: a", `environment: ${secret}`),
    hostText("command: a", `environment: {A=${secret}: 1}`),
    hostText("command: a", `environment: {A=${secret}: ~}`),
    hostText("command: a", `environment: {A: *${secret}}`),
    hostText("command: a", `environment: {A: !${secret}}`),
    hostText("command: a", `environment: {A: "${secret}\\0"}`),
    hostText("command: a", `environment: {A: 'x' ${secret}}`),
    hostText("command: a", `environment: {A: "${secret}}`),
    hostText("command: a", `A=${secret}: 1`),
    hostText("command: a", "environment:", `  A: 'x' ${secret}`),
    hostText("command: a", "environment:", `- A=${secret}`),
    hostText("command: a", `environment: {A=${secret}: 1, A=${secret}: 2}`),
  ];
  for (const text of texts) {
    const errors = errorsOf(text);
    t.true(errors.length > 0, text);
    t.false(JSON.stringify(errors.map((error) => error.details)).includes(secret), text);
  }
});
