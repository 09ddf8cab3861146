import type { Check, DoctorReport } from "../daemon/doctor-check.js";
import { paint, plain } from "./terminal.js";

/** One line a thing: its name, yes or no, what was seen, and what is done instead. */
export function formatDoctor({ checks, ok }: DoctorReport, coloured: boolean): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map((check) => {
    const { name, found, instead } = check;
    const without = instead === null ? "" : `; instead: ${instead}`;
    return `${name.padEnd(width)}  ${verdict(check, coloured)}  ${plain(found)}${without}\n`;
  });
  const missing = checks.filter((one) => one.necessary && !one.ok).map(({ name }) => name);
  return `${lines.join("")}${ok ? "" : `missing, and necessary: ${missing.join(", ")}\n`}`;
}

function verdict({ ok, necessary }: Check, coloured: boolean): string {
  if (ok) return paint("yes", "green", coloured);
  return paint("no ", necessary ? "red" : "yellow", coloured);
}
