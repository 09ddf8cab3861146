/** What a soak has found. */
import type { Kill } from "./kills.js";
import type { Plan } from "./plan.js";

export interface Report {
  readonly plan: Plan;
  readonly startedAt: string;
  readonly tookMs: number;
  readonly connects: number;
  readonly answers: number;
  /** Connects that failed as documented, by errno. */
  readonly errnos: Readonly<Record<string, number>>;
  /** Connections that were let in and ended with their host's life, by how it showed. */
  readonly cuts: Readonly<Record<string, number>>;
  readonly hangs: number;
  readonly doubleLives: number;
  /** Of an answer. */
  readonly slowestMs: number;
  /** Connects that took more than 5 s, however they ended. */
  readonly slowCount: number;
  /** The first of them. */
  readonly slow: readonly string[];
  readonly clients: Readonly<Record<string, number>>;
  readonly kills: Readonly<Record<string, number>>;
  /** One after the other. */
  readonly killed: readonly Kill[];
  /** How often a host was seen failed. */
  readonly failures: number;
  /** After `im down`. */
  readonly leaks: readonly string[];
  readonly violationCount: number;
  /** The first of them. */
  readonly violations: readonly string[];
  /** Logs and all, where something was wrong. */
  readonly home: string | null;
  readonly interrupted: boolean;
}

export function isClean(report: Report): boolean {
  return report.violationCount === 0 && report.leaks.length === 0;
}

const shownMax = 20;

export function formatReport(report: Report): string {
  const { connects, answers, errnos, cuts, hangs, doubleLives, leaks, kills, plan } = report;
  const problems = [...report.violations, ...leaks.map((leak) => `left after im down: ${leak}`)];
  return [
    `connects       ${connects}`,
    `answers        ${answers} (slowest ${report.slowestMs} ms)`,
    `over 5 s       ${report.slowCount}`,
    `errnos         ${counts(errnos)}`,
    `cut            ${counts(cuts)}`,
    `hangs          ${hangs}`,
    `double lives   ${doubleLives}`,
    `leaks          ${leaks.length}`,
    `kills          ${counts(kills)}`,
    `violations     ${report.violationCount}`,
    ...problems.slice(0, shownMax).map((problem) => `  ${problem}`),
    ...(problems.length > shownMax ? [`  and ${problems.length - shownMax} more`] : []),
    ...(report.home === null ? [] : [`logs           ${report.home}`]),
    `seed           ${plan.seed}`,
    "",
  ].join("\n");
}

function counts(all: Readonly<Record<string, number>>): string {
  const parts = Object.entries(all).map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}
