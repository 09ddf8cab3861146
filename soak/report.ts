/** What a soak has found. */
import type { LifecycleEvent } from "../platform/daemon/service.js";
import type { Kill } from "./kills.js";
import type { Plan } from "./plan.js";

export interface Report {
  readonly plan: Plan;
  readonly startedAt: string;
  readonly tookMs: number;
  readonly connects: number;
  /** Questions more, over connections that had been silent for up to 3 s. */
  readonly asked: number;
  /** Of both. */
  readonly answers: number;
  /** How often hosts fell asleep, as far as events were seen; how often of these by hand. */
  readonly sleeps: number;
  readonly suspends: number;
  /** How often one that slept served again. */
  readonly wakes: number;
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
  /** What hosts went through, as far as it was seen. */
  readonly events: readonly LifecycleEvent[];
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
  const { asked, sleeps, suspends, wakes } = report;
  const problems = [...report.violations, ...leaks.map((leak) => `left after im down: ${leak}`)];
  return [
    `connects       ${connects}`,
    `asked again    ${asked}`,
    `answers        ${answers} (slowest ${report.slowestMs} ms)`,
    `over 5 s       ${report.slowCount}`,
    `errnos         ${counts(errnos)}`,
    `cut            ${counts(cuts)}`,
    `sleeps         ${sleeps} (${suspends} by hand), ${wakes} wakes`,
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
