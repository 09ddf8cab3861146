/** Two runs side by side: ratios within a run travel between machines, times do not. */
import { figure, groupsOf } from "./print.js";
import type { Results, Row } from "./results.js";

export function compareResults(before: Results, after: Results): string {
  const old = new Map(before.rows.map((row) => [`${row.group}\n${row.name}`, row]));
  const parts = [...groupsOf(after.rows)].map(([group, rows]) => {
    const lines = rows.flatMap((row) => {
      const earlier = old.get(`${group}\n${row.name}`);
      return earlier === undefined ? [] : [`  ${row.name}: ${change(earlier, row)}`];
    });
    return lines.length === 0 ? "" : `${group}\n${lines.join("\n")}\n`;
  });
  const title = `${before.label} (${before.at}) → ${after.label} (${after.at})\n`;
  return [title, ...parts.filter((part) => part !== "")].join("\n");
}

function change(earlier: Row, later: Row): string {
  const { unit } = later;
  const medians = `${figure(earlier.median)} → ${figure(later.median)} ${unit}`;
  if (earlier.ratio === null || later.ratio === null) return medians;
  const ratios = `ratio ${earlier.ratio.value.toFixed(3)} → ${later.ratio.value.toFixed(3)}`;
  const apart = earlier.ratio.high < later.ratio.low || later.ratio.high < earlier.ratio.low;
  return `${medians}; ${ratios}${apart ? "" : " (intervals overlap: no difference shown)"}`;
}
