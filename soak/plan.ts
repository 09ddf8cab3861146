/** What one soak is to do: read from its command line. */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { type ProcessKind, processKinds } from "./processes.js";

export interface Plan {
  readonly minutes: number;
  /** Chooses who is killed when, and whom clients call: the same number, the same choices. */
  readonly seed: number;
  readonly hosts: number;
  readonly clients: number;
  readonly kill: readonly ProcessKind[];
  /** Also daemon and keeper at once. */
  readonly together: boolean;
  /** Where the JSON report goes. */
  readonly report: string;
}

export const usage = `usage: npm run soak -- [--minutes 30] [--seed <number>] [--hosts 20]
  [--clients 100] [--together] [--kill ${processKinds.join(",")}] [--report build/soak/report.json]`;

/** Boot of a host, as its manifest has it. */
export const bootTimeoutMs = 10_000;
/** A connect must have ended by then, unless something that it needs was killed meanwhile. */
export const deadlineMs = bootTimeoutMs + 30_000;
/** What each of those kills may cost it, on a machine that is busy with other things. */
export const perKillMs = 10_000;
/** A client does not wait longer than this, whatever happens. */
export const giveUpMs = 240_000;

export class PlanError extends Error {}

export function readPlan(parameters: readonly string[]): Plan {
  const { values } = parse(parameters);
  const kill = values.kill?.split(",") ?? [...processKinds];
  return {
    minutes: positive("--minutes", values.minutes ?? "30"),
    seed: Math.floor(positive("--seed", values.seed ?? String(randomInt(1, 2 ** 31)))),
    hosts: Math.floor(positive("--hosts", values.hosts ?? "20")),
    clients: Math.floor(positive("--clients", values.clients ?? "100")),
    kill: kill.filter((kind) => kind !== "none").map(kindOf),
    together: values.together ?? false,
    report: values.report ?? "build/soak/report.json",
  };
}

function parse(parameters: readonly string[]) {
  const option = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...parameters],
      options: {
        minutes: option,
        seed: option,
        hosts: option,
        clients: option,
        kill: option,
        report: option,
        together: { type: "boolean" },
      },
    });
  } catch (error) {
    throw new PlanError(error instanceof Error ? error.message : String(error));
  }
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new PlanError(`${name}: expected a number above 0, received ${JSON.stringify(text)}`);
}

function kindOf(text: string): ProcessKind {
  const kind = processKinds.find((known) => known === text);
  if (kind !== undefined) return kind;
  throw new PlanError(`--kill: expected some of ${processKinds.join(", ")}, received ${text}`);
}
