/** `npm run soak`. Exit codes: 0; 1 something was lost; 64 a wrong call; 130 interrupted. */
import { writeFileSync } from "node:fs";
import { type Plan, PlanError, readPlan, usage } from "./plan.js";
import { formatReport, isClean } from "./report.js";
import { soak } from "./soak.js";

const write = (line: string): boolean => process.stdout.write(`${line}\n`);

function plan(): Plan {
  try {
    return readPlan(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    process.stderr.write(`error: ${error.message}\n${usage}\n`);
    process.exit(64);
  }
}

const chosen = plan();
const interrupt = new AbortController();
// Once: it is cleaned up then. A second time it ends at once.
process.once("SIGINT", () => interrupt.abort());
process.once("SIGTERM", () => interrupt.abort());

write(`seed ${chosen.seed}: ${chosen.hosts} hosts, ${chosen.clients} clients`);
const report = await soak(chosen, interrupt.signal, write);
writeFileSync(chosen.report, `${JSON.stringify(report, null, 2)}\n`);
write(formatReport(report));
process.exitCode = !isClean(report) ? 1 : report.interrupted ? 130 : 0;
