/** The figures of docs/benchmarks.md, between its two marks: everything else there is prose. */
import { groupsOf, linesOf, markdownTable } from "./print.js";
import type { Results } from "./results.js";

const begin = "<!-- figures: begin -->";
const end = "<!-- figures: end -->";

/** `document` with the figures of this run in the place of those that it has. */
export function writeDocument(found: Results, document: string): string {
  const [before, after] = [document.indexOf(begin), document.indexOf(end)];
  if (before < 0 || after < before) throw new Error("docs/benchmarks.md has lost its marks");
  const head = document.slice(0, before + begin.length);
  return `${head}\n${figures(found)}${document.slice(after)}`;
}

function figures(found: Results): string {
  const goals = [
    ["", "wanted", "measured"],
    ...found.goals.map(({ what, wanted, measured }) => [what, wanted, measured]),
  ];
  const facts = [
    ["", "", ""],
    ...found.facts.map(({ name, value, unit }) => [name, String(value), unit]),
  ];
  const machine = Object.entries(found.machine).map(([name, text]) => `${name}: ${text}`);
  const parts = [
    `Run of ${found.at.slice(0, 16).replace("T", " ")} UTC. ${machine.join(" · ")}.\n`,
    "![First connects to servers that do not run](bench.svg)\n",
    markdownTable("### Goals", goals),
    ...[...groupsOf(found.rows)].map(([group, rows]) => {
      return markdownTable(`### ${group}`, linesOf(rows));
    }),
  ];
  const counted = found.facts[0];
  if (counted !== undefined) parts.push(markdownTable(`### ${counted.group}`, facts));
  if (found.skipped.length > 0) parts.push(`Skipped: ${found.skipped.join("; ")}.\n`);
  return `\n${parts.join("\n")}\n`;
}
