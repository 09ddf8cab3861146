/** `npm run bench`: measures, prints, saves, compares, draws. See docs/benchmarks.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureBigDeploy } from "./big-deploy.js";
import { measureColdConnect } from "./cold-connect.js";
import { compareResults } from "./compare.js";
import { writeDocument } from "./document.js";
import { measureHerds } from "./herds.js";
import { BenchHome } from "./home.js";
import { describeMachine } from "./machine.js";
import { measureCalls } from "./measure-calls.js";
import { measureParts } from "./parts.js";
import { root } from "./paths.js";
import { drawPlot } from "./plot.js";
import { printResults } from "./print.js";
import { loadResults, type Results, saveResults } from "./results.js";
import type { Run } from "./run.js";
import { measureSleep } from "./sleep.js";
import { seededRandom } from "./statistics.js";
import { measureWarmConnect } from "./warm-connect.js";

const parts = {
  warm: measureWarmConnect,
  calls: measureCalls,
  cold: measureColdConnect,
  parts: measureParts,
  herds: measureHerds,
  deploy: measureBigDeploy,
  sleep: measureSleep,
} as const;

const usage = `npm run bench -- [part…] [--quick] [--share <0…1>] [--only <part,…>]
                 [--label <name>] [--compare <file>]
npm run bench -- --draw <file>     docs/bench.svg and docs/benchmarks.md from a saved run
parts: ${Object.keys(parts).join(", ")}
`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    share: { type: "string", default: "1" },
    only: { type: "string" },
    label: { type: "string", default: "latest" },
    compare: { type: "string" },
    draw: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const chosen = [...positionals, ...(options.only?.split(",") ?? [])];
const unknown = chosen.filter((name) => !Object.hasOwn(parts, name));

async function measure(): Promise<Results> {
  const home = new BenchHome();
  const said = process.stderr.isTTY
    ? (text: string) => `\r\x1b[K${text}`
    : (text: string) => `${text}\n`;
  const run: Run = {
    rounds: (least, all) =>
      options.quick ? least : Math.max(least, Math.round(all * Number(options.share))),
    home,
    say: (text) => process.stderr.write(said(text)),
    rows: [],
    facts: [],
    goals: [],
    skipped: new Set(),
    random: seededRandom(1),
  };
  const machine = describeMachine();
  const at = new Date().toISOString();
  try {
    for (const [name, part] of Object.entries(parts)) {
      if (chosen.length === 0 || chosen.includes(name)) await part(run);
    }
  } finally {
    run.say("");
    await home.close();
  }
  const { rows, facts, goals, skipped } = run;
  const { label, quick } = options;
  return { version: 1, label, at, quick, machine, rows, facts, goals, skipped: [...skipped] };
}

function draw(file: string): void {
  const found = loadResults(file);
  writeFileSync(join(root, "docs/bench.svg"), drawPlot(found));
  const path = join(root, "docs/benchmarks.md");
  writeFileSync(path, writeDocument(found, readFileSync(path, "utf8")));
}

if (options.help) {
  process.stdout.write(usage);
} else if (unknown.length > 0) {
  process.stderr.write(`no such part: ${unknown.join(", ")}\n${usage}`);
  process.exitCode = 64;
} else if (options.draw !== undefined) {
  draw(options.draw);
} else {
  const found = await measure();
  process.stdout.write(printResults(found));
  const file = join(root, "build/bench", `${options.label}.json`);
  saveResults(file, found);
  process.stdout.write(`\nsaved: build/bench/${options.label}.json\n`);
  if (options.compare !== undefined) {
    process.stdout.write(`\n${compareResults(loadResults(options.compare), found)}`);
  }
}
