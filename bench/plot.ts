/** A plot of the cold connects, as plain SVG: one panel a program, one bar a starter. */
import { figure, groupsOf } from "./print.js";
import type { Results, Row } from "./results.js";

const width = 860;
const labelWidth = 300;
const barHeight = 16;
const rowHeight = 26;
const titleHeight = 34;
const margin = 16;
const plotWidth = width - labelWidth - 2 * margin - 150;

export function drawPlot(found: Results): string {
  const panels = [...groupsOf(found.rows)].filter(([group]) => group.startsWith("cold connect to"));
  const parts: string[] = [];
  let top = margin + 24;
  for (const [group, rows] of panels) {
    parts.push(panel(group, rows, top));
    top += titleHeight + rows.length * rowHeight + margin;
  }
  const subject = "First connect to a server that does not run, ms from connect to first byte";
  const head = `<text x="${margin}" y="${margin + 10}" class="title">${subject}</text>`;
  const note = `Bar: median; line: up to the 99th percentile. ${found.machine["cpu"] ?? ""}, \
${found.at.slice(0, 10)}, ${found.machine["commit"] ?? ""}`;
  const foot = `<text x="${margin}" y="${top + 6}" class="small">${escaped(note)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + margin + 6}" \
font-family="system-ui, sans-serif" font-size="13">
<title>${subject}</title>
<style>.title{font-weight:600}.small{font-size:11px;fill:#57606a}.ours{fill:#0969da}\
.base{fill:#57606a}.other{fill:#bf8700}line{stroke:#24292f;stroke-width:1.2}</style>
<rect width="100%" height="100%" fill="#ffffff"/>
${[head, ...parts, foot].join("\n")}
</svg>
`;
}

/** Each panel has a scale of its own: a redis takes ten times what a C program takes. */
function panel(group: string, rows: readonly Row[], top: number): string {
  const longest = Math.max(...rows.map(({ p99 }) => p99));
  const scale = plotWidth / longest;
  const bars = rows.map((row, index) => bar(row, top + titleHeight + index * rowHeight, scale));
  const title = `<text x="${margin}" y="${top + 22}" class="title">${escaped(group)}</text>`;
  return [title, ...bars].join("\n");
}

function bar(row: Row, top: number, scale: number): string {
  const left = margin + labelWidth;
  const middle = top + barHeight / 2;
  const length = Math.max(1, row.median * scale);
  const end = left + row.p99 * scale;
  const lost = row.lost > 0 ? `, ${row.lost} lost` : "";
  const text = `${figure(row.median)} (p99 ${figure(row.p99)}${lost})`;
  const name = escaped(row.name);
  const label = `<text x="${left - 8}" y="${middle + 4}" text-anchor="end">${name}</text>`;
  return `${label}<rect x="${left}" y="${top}" width="${length.toFixed(1)}" \
height="${barHeight}" class="${kindOf(row)}"/><line x1="${(left + length).toFixed(1)}" \
y1="${middle}" x2="${end.toFixed(1)}" y2="${middle}"/><text x="${(end + 6).toFixed(1)}" \
y="${middle + 4}" class="small">${escaped(text)}</text>`;
}

function kindOf(row: Row): string {
  if (row.name.startsWith("Imaginary Machines")) return "ours";
  return row.ratio === null ? "base" : "other";
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
