import test from "ava";
import fc from "fast-check";
import { stringify } from "yaml";
import { ImError } from "../../platform/errors/im-error.js";
import { manifestBytesMax } from "../../platform/manifest/parse-manifest.js";
import { errorsOf, hostText, parse, summary } from "./manifest-text.js";

/** An outcome is a manifest, or errors that each say everything and stand in the text's order. */
function isWhole(text: string): boolean {
  const parsed = parse(text);
  if ("manifest" in parsed) return parsed.manifest.classes.length > 0;
  const lines = text.split("\n");
  return (
    parsed.errors.length > 0 &&
    parsed.errors.every(({ details }, index) => {
      const { what, expected, received, fix, place } = details;
      const before = parsed.errors[index - 1]?.details.place?.line ?? 1;
      const isPlaced = place !== undefined && place.line >= before && place.column >= 1;
      const isInText = place !== undefined && place.line <= lines.length;
      return isPlaced && isInText && [what, expected, received, fix].every((part) => part !== "");
    })
  );
}

test("no text makes the parser throw", (t) => {
  const unit = fc.constantFrom(..."ab01 :-[]{}'\"\\\n\t#&*!|>%@`~,?.=<".split(""), "\r\n", "\0");
  fc.assert(fc.property(fc.string({ unit, maxLength: 40 }), isWhole), { numRuns: 2000 });
  fc.assert(fc.property(fc.string({ unit: "binary" }), isWhole), { numRuns: 500 });
  t.pass();
});

test("no value under any key makes the parser throw", (t) => {
  const key = fc.constantFrom(
    ...["command", "listen", "publish", "environment", "count", "ready", "shell", "idle", "wake"],
    ...["memory", "bootTimeout", "files", "wakeFrom", "directory", "constructor", "__proto__", "x"],
  );
  const scalar = fc.constantFrom(
    0,
    1,
    80,
    -1,
    1e300,
    true,
    null,
    "",
    "a",
    "80",
    "1:80",
    "5s",
    "<<",
  );
  const list = fc.array(scalar, { maxLength: 3 });
  const value = fc.oneof(scalar, list, fc.dictionary(key, scalar), fc.dictionary(key, list));
  const host = fc.oneof(fc.dictionary(key, value), scalar);
  const manifest = fc.record(
    {
      deployment: scalar,
      defaults: fc.oneof(fc.dictionary(key, value), scalar),
      hosts: fc.oneof(fc.dictionary(fc.constantFrom("a", "a-0", "b", "B", ""), host), scalar),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(manifest, (input) => isWhole(stringify(input))),
    { numRuns: 1000 },
  );
  t.pass();
});

test("an empty file is an error at its start", (t) => {
  for (const text of ["", "\n\n", "# nothing\n", "---\n", "\uFEFF"]) {
    t.deepEqual(summary(errorsOf(text)), ["1:1 INVALID the manifest is empty"]);
  }
});

test("a root that is no map is an error", (t) => {
  t.deepEqual(summary(errorsOf("\n- a\n")), ["2:1 INVALID the manifest is not valid"]);
  t.is(errorsOf("shop")[0]?.details.received, '"shop" (text)');
});

test("a bracket that is never closed is one error, not one a level", (t) => {
  const parsed = parse("deployment: a\nhosts: {web: {command: x\n");
  t.is("errors" in parsed ? parsed.errors.length : 0, 1);
});

test("every syntax error is reported with its place", (t) => {
  const errors = errorsOf("a: 'x\nb: [1\n");
  t.true(errors.length >= 1);
  t.true(errors.every((error) => error instanceof ImError && error.code === "IM_MANIFEST_SYNTAX"));
  t.deepEqual(summary(errorsOf("a: 1\n\tb: 2\nc: d: e\n")), [
    "2:1 SYNTAX the manifest is not valid YAML",
    "3:4 SYNTAX the manifest is not valid YAML",
  ]);
});

test("a second document and a tag are errors", (t) => {
  const whole = hostText("command: a");
  t.deepEqual(
    errorsOf(`${whole}\n---\nb: 1`).map((error) => error.details.fix),
    ["remove `---` and all that follows it"],
  );
  t.is(errorsOf(hostText("command: !run a"))[0]?.details.expected, "values without tags");
});

test("a manifest beyond 1 MiB is refused before it is parsed", (t) => {
  const text = `${hostText("command: a")}\n#`;
  const padded = text + "é".repeat((manifestBytesMax - Buffer.byteLength(text)) / 2);
  t.deepEqual(
    errorsOf(padded.padEnd(padded.length + 1))
      .map(String)
      .slice(1),
    [],
  );
  t.deepEqual(
    errorsOf(`${padded}  `).map(({ details }) => details.what),
    ["the manifest is too large"],
  );
});

test("an alias bomb is refused once, without being expanded", (t) => {
  const levels = "bcdefghij".split("").map((name, index) => {
    return `${name}: &${name} [${Array(9).fill(`*${"abcdefghij"[index]}`).join(",")}]`;
  });
  const bomb = `a: &a [${Array(9).fill("x").join(",")}]\n${levels.join("\n")}`;
  const alias = errorsOf(bomb).filter((error) => error.details.what.includes("alias"));
  t.deepEqual(
    alias.map((error) => error.details.what),
    ["an alias contains far too much"],
  );
});

test("an alias that contains itself is refused", (t) => {
  t.true(summary(errorsOf("&a {hosts: *a}")).includes("1:12 INVALID an alias contains itself"));
});

for (const [title, text] of [
  ["brackets", "[".repeat(500_000)],
  ["maps", "{a: ".repeat(200_000)],
  ["dashes", "- ".repeat(500_000)],
  ["question marks", "? ".repeat(500_000)],
  ["lines", Array.from({ length: 1400 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
] as const) {
  test(`nesting without end by ${title} is refused before it is parsed`, (t) => {
    const errors = errorsOf(text);
    t.deepEqual(
      errors.map((error) => error.details.what),
      ["the manifest is nested too deeply"],
    );
  });
}

test("text that only looks nested is accepted", (t) => {
  const script = Array.from({ length: 200 }, (_, depth) => `${" ".repeat(depth)}- {[a:`);
  const block = hostText("command: |", ...script.map((line) => `  ${line}`));
  t.deepEqual(errorsOf(block), []);
  const flat = Array.from({ length: 500 }, (_, index) => `  h${index}: {command: [a]}`);
  t.deepEqual(errorsOf(["deployment: a", "hosts:", ...flat].join("\n")), []);
});
