import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { compareResults } from "../../bench/compare.js";
import { writeDocument } from "../../bench/document.js";
import { drawPlot } from "../../bench/plot.js";
import { figure, printResults } from "../../bench/print.js";
import { loadResults, type Results, rowsOf, saveResults } from "../../bench/results.js";

const document = fileURLToPath(new URL("../../../docs/benchmarks.md", import.meta.url));

function found(label: string, ours: number): Results {
  const rows = rowsOf("cold connect to a <server>", "ms", [
    { name: "bare spawn and retry", values: [10, 10.1, 10.2] },
    { name: "Imaginary Machines", values: [ours, ours + 0.1, ours + 0.2], lost: 2 },
  ]);
  return {
    version: 1,
    label,
    at: "2025-11-21T10:00:00.000Z",
    quick: false,
    machine: { cpu: "2 × a CPU", commit: "0123456789ab" },
    rows,
    facts: [{ group: "system calls", name: "client: sendto", value: 1000, unit: "calls" }],
    goals: [{ what: "added", wanted: "≤ 8 ms", measured: "5.0 ms" }],
    skipped: ["xinetd: not compared with"],
  };
}

test("what is saved is what is loaded", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "im-results-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "deeper", "latest.json");
  saveResults(file, found("latest", 15));
  t.deepEqual(loadResults(file), found("latest", 15));
});

test("a table shows medians, ratios to the first row, and what was lost and skipped", (t) => {
  const text = printResults(found("latest", 15));
  t.regex(text, /bare spawn and retry\s+10\.1 ms/);
  t.regex(text, /Imaginary Machines\s+15\.1 ms .*1\.495 \[.*5\.00 \[.*2\s+3/);
  t.regex(text, /client: sendto\s+1000 calls/);
  t.regex(text, /added\s+≤ 8 ms\s+5\.0 ms/);
  t.regex(text, /skipped here: xinetd/);
});

test("figures have three digits that count", (t) => {
  t.deepEqual([0.1234, 1.234, 12.34, 123.4, 1234.5].map(figure), [
    "0.12",
    "1.23",
    "12.3",
    "123",
    "1,235",
  ]);
});

test("two runs are compared by their ratios", (t) => {
  const faster = compareResults(found("before", 20), found("after", 15));
  t.regex(faster, /Imaginary Machines: 20\.1 → 15\.1 ms; ratio 1\.990 → 1\.495\n/);
  const same = compareResults(found("before", 15), found("after", 15));
  t.regex(same, /no difference shown/);
});

test("the plot has a bar for each way, and escapes what is not SVG", (t) => {
  const plot = drawPlot(found("latest", 15));
  t.is(plot.match(/<rect x=/g)?.length, 2);
  t.true(plot.includes("cold connect to a &lt;server&gt;"));
  t.regex(plot, /class="ours"/);
  t.regex(plot, /15\.1 \(p99 15\.2, 2 lost\)/);
});

test("the document's figures are those of the run, and its prose stays", (t) => {
  const prose = "# Title\n<!-- figures: begin -->\nstale figures\n<!-- figures: end -->\nafter\n";
  const text = writeDocument(found("latest", 15), prose);
  t.regex(text, /^# Title\n<!-- figures: begin -->\n/);
  t.regex(text, /<!-- figures: end -->\nafter\n$/);
  t.false(text.includes("stale figures"));
  t.true(text.includes("| Imaginary Machines | 15.1 ms |"));
  t.is(writeDocument(found("latest", 15), text), text);
  t.throws(() => writeDocument(found("latest", 15), "# Title\n"), { message: /marks/ });
  t.notThrows(() => writeDocument(found("latest", 15), readFileSync(document, "utf8")));
});
