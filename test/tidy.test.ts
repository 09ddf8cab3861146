import test from "ava";
import { findWrongDirection } from "./tidy/import-directions.js";
import * as rules from "./tidy/rules.js";
import { type Finding, type SourceFile, sourceFiles } from "./tidy/source-files.js";

const product = sourceFiles(["platform", "host-runtime", "shim", "simulator", "scripts", "bench"]);
const everything = [...product, ...sourceFiles(["test"])];
const typescript = product.filter((file) => file.path.endsWith(".ts"));

function report(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ file, line, what }) => `${file}:${line}: ${what}`);
}

const titled: readonly (readonly [
  string,
  readonly SourceFile[],
  (file: SourceFile) => readonly Finding[],
])[] = [
  ["no line is longer than 100 characters", everything, rules.findLongLines],
  ["no file is longer than 300 lines", everything, rules.findLongFile],
  ["no function is longer than 60 lines", product, rules.findLongFunctions],
  ["every file is named in kebab-case after one concept", everything, rules.findBadName],
  ["no error is caught and dropped", product, rules.findEmptyCatches],
  ["nothing is typed any", typescript, rules.findForbiddenTypes],
  [
    "environment, time and randomness are read by adapters and configuration only",
    typescript,
    rules.findWorldAccess,
  ],
  [
    "imports point one way only",
    typescript,
    (file) => rules.ownImports(file).flatMap(findWrongDirection),
  ],
];

for (const [title, files, rule] of titled) {
  test(title, (t) => {
    t.true(files.length > 0);
    t.deepEqual(report(files.flatMap(rule)), []);
  });
}
