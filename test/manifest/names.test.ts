import test from "ava";
import fc from "fast-check";
import { accepted, errorsOf, summary } from "./manifest-text.js";

const label = (length: number) => "a".repeat(length);

function hosts(...lines: readonly string[]): string {
  return ["deployment: shop", "hosts:", ...lines.map((line) => `  ${line}`)].join("\n");
}

const invalid = [
  "Web",
  "-web",
  "web-",
  "we_b",
  "web.shop",
  "wéb",
  "",
  label(64),
  "localhost",
  "80",
  "0x7f",
];

for (const name of invalid) {
  test(`a host cannot be named ${JSON.stringify(name)}`, (t) => {
    const errors = summary(errorsOf(hosts(`"${name}": {command: a}`)));
    t.is(errors.length, 1);
    t.regex(errors[0] ?? "", /^3:3 INVALID a host cannot be named/);
  });
}

for (const name of ["web", "a", "web-1", "1a", "0-0", label(63)]) {
  test(`a host can be named ${name}`, (t) => {
    t.is(accepted(hosts(`${name}: {command: a}`)).classes[0]?.name, name);
  });
}

test("the longest name that a class generates must fit", (t) => {
  t.is(accepted(hosts(`${label(61)}: {command: a, count: 10}`)).classes.length, 1);
  t.deepEqual(summary(errorsOf(hosts(`${label(61)}: {command: a, count: 11}`))), [
    `3:3 INVALID the names of class \`${label(61)}\` are too long`,
  ]);
});

test("a host cannot have the name of a host of a class, whichever comes later is shown", (t) => {
  const single = "w-1: {command: a}";
  const many = "w: {command: a, count: 2}";
  t.deepEqual(summary(errorsOf(hosts(many, single))), ["4:3 INVALID two hosts are named `w-1`"]);
  t.deepEqual(summary(errorsOf(hosts(single, many))), ["4:3 INVALID two hosts are named `w-1`"]);
});

test("names that only look generated are accepted", (t) => {
  const near = ["w-2: {command: a}", "w-01: {command: a}", "w-1: {command: a, count: 2}"];
  t.is(accepted(hosts("w: {command: a, count: 2}", ...near)).classes.length, 4);
});

test("a deployment is named like a host", (t) => {
  t.deepEqual(summary(errorsOf("deployment: My Shop\nhosts: {a: {command: a}}")), [
    "1:13 INVALID `deployment` is not valid",
  ]);
});

test("exactly the DNS labels of RFC 1123 in lower case are names", (t) => {
  const unit = fc.constantFrom("a", "z", "0", "9", "-", "A", "_", ".");
  fc.assert(
    fc.property(fc.string({ unit, minLength: 1, maxLength: 70 }), (text) => {
      const name = `x${text}`;
      const isLabel = /^[a-z0-9-]+$/.test(name) && !name.endsWith("-") && name.length <= 63;
      t.is(errorsOf(hosts(`"${name}": {command: a}`)).length === 0, isLabel);
    }),
  );
});
