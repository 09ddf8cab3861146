/** Results as text: tables as they are printed, and as Markdown. */
import type { Results, Row } from "./results.js";
import type { Estimate } from "./statistics.js";

type Line = readonly string[];

const head: Line = ["", "median", "p99", "ratio [95 %]", "difference [95 %]", "lost", "n"];

export function groupsOf(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.group, [...(groups.get(row.group) ?? []), row]);
  return groups;
}

export function printResults(found: Results): string {
  const parts = [...groupsOf(found.rows)].map(([group, rows]) => {
    return `${group}\n${aligned([head, ...rows.map(lineOf)])}`;
  });
  const facts = found.facts.map(({ group, name, value, unit }) => [
    group,
    name,
    `${value} ${unit}`,
  ]);
  if (facts.length > 0) parts.push(aligned(facts));
  const goals = found.goals.map(({ what, wanted, measured }) => [what, wanted, measured]);
  if (goals.length > 0) parts.push(`goals\n${aligned([["", "wanted", "measured"], ...goals])}`);
  if (found.skipped.length > 0) parts.push(`skipped here: ${found.skipped.join("; ")}`);
  return `${parts.join("\n\n")}\n`;
}

/** Rows and goals of one group or more, as a Markdown table. */
export function markdownTable(title: string, lines: readonly Line[]): string {
  const [first = [], ...others] = lines;
  const bar = first.map((_, index) => (index === 0 ? "---" : "---:"));
  const shown = [first, bar, ...others].map((line) => `| ${line.join(" | ")} |`);
  return `${title}\n\n${shown.join("\n")}\n`;
}

export function linesOf(rows: readonly Row[]): readonly Line[] {
  return [head, ...rows.map(lineOf)];
}

function lineOf(row: Row): Line {
  return [
    row.name,
    `${figure(row.median)} ${row.unit}`,
    `${figure(row.p99)} ${row.unit}`,
    row.ratio === null ? "" : interval(row.ratio, (value) => value.toFixed(3)),
    row.difference === null ? "" : interval(row.difference, figure),
    row.lost === 0 ? "" : String(row.lost),
    String(row.count),
  ];
}

/** Three digits that count. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function interval({ value, low, high }: Estimate, show: (value: number) => string): string {
  return `${show(value)} [${show(low)}, ${show(high)}]`;
}

function aligned(lines: readonly Line[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join("\n");
}
