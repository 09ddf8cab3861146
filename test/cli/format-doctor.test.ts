import test from "ava";
import { formatDoctor } from "../../platform/cli/format-doctor.js";

const there = { name: "cc", ok: true, necessary: false, found: "cc 12", instead: null };
const absent = { name: "cgroup", ok: false, necessary: false, found: "EROFS", instead: "SIGSTOP" };
const vital = { name: "shim", ok: false, necessary: true, found: "missing", instead: "nothing" };

test("each thing is a line: name, yes or no, what was seen, what is done instead", (t) => {
  const text = formatDoctor({ version: "1", ok: true, checks: [there, absent] }, false);
  t.is(text, "cc      yes  cc 12\ncgroup  no   EROFS; instead: SIGSTOP\n");
});

test("what is missing and necessary is named at the end", (t) => {
  const text = formatDoctor({ version: "1", ok: false, checks: [there, vital] }, false);
  t.regex(text, /\nmissing, and necessary: shim\n$/);
});
