import { execFileSync } from "node:child_process";
import test from "ava";
import fc from "fast-check";
import { joinWords, splitWords } from "../../platform/manifest/words.js";

const rows: readonly (readonly [string, readonly string[]])[] = [
  ["node server.js", ["node", "server.js"]],
  ["  a \t b\n c ", ["a", "b", "c"]],
  ["'a b' c", ["a b", "c"]],
  [`"a b"c'd e'`, ["a bcd e"]],
  [String.raw`a\ b \"c\"`, ["a b", '"c"']],
  [String.raw`"a\"b\\c\n"`, [String.raw`a"b\c\n`]],
  [String.raw`'a\b'`, [String.raw`a\b`]],
  ["a '' \"\"", ["a", "", ""]],
  ["echo $HOME *.js ~ | cat", ["echo", "$HOME", "*.js", "~", "|", "cat"]],
  ["a \\\n b", ["a", "b"]],
  ['"a\\\nb"', ["ab"]],
  ["", []],
];

for (const [line, words] of rows) {
  test(`${JSON.stringify(line)} splits into ${words.length} words`, (t) => {
    t.deepEqual(splitWords(line), { words });
  });
}

const unfinished = [
  ["a 'b", "single quote"],
  ['a "b', "double quote"],
  ['a "b\\"', "double quote"],
  ["a \\", "backslash"],
] as const;

for (const [line, what] of unfinished) {
  test(`${JSON.stringify(line)} ends within a ${what}`, (t) => {
    t.deepEqual(splitWords(line), { unfinished: what });
  });
}

test("words that are joined split into the same words", (t) => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      const split = splitWords(joinWords(words));
      return "words" in split && JSON.stringify(split.words) === JSON.stringify(words);
    }),
  );
  t.deepEqual(splitWords(joinWords(["it's", "", "a b"])), { words: ["it's", "", "a b"] });
});

test("a line without expansions splits as /bin/sh splits it", (t) => {
  const unit = fc.constantFrom("a", "b", " ", "'", '"', "\\", "\t", "\n", "é");
  const script = (line: string) => `for word in ${line}\ndo printf '%s\\0' "$word"; done`;
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), (line) => {
      const split = splitWords(line);
      // A bare newline, also after a backslash that is one itself, ends the command for sh; quotes
      // that stay open are sh's own errors.
      if (!("words" in split) || /(?<!\\)(?:\\\\)*\n/.test(line)) return;
      const output = execFileSync("/bin/sh", ["-c", script(line)], { encoding: "utf8" });
      t.deepEqual(output.split("\0").slice(0, -1), [...split.words]);
    }),
    { numRuns: 150 },
  );
});
