/** What a seed's deployment looks like: its machines, its hosts, and how they are declared. */
import { blockBase } from "../../platform/network/layout.js";
import type { DeclaredHost } from "../../platform/supervisor/declared-host.js";
import type { Generator } from "./generator.js";

export interface Scenario {
  readonly nodes: readonly string[];
  readonly hosts: readonly DeclaredHost[];
  readonly connects: number;
  readonly pattern: ScenarioLimits["pattern"];
  /** Of an invocation. */
  readonly timeoutMs: number;
  /** True ms: faults and traffic end, everything is asked for once more, and the world ends. */
  readonly healMs: number;
  readonly probeMs: number;
  readonly endMs: number;
  readonly absence: Absence | null;
}

/** One of the machines is away for so long, and the others go on. True ms. */
export interface Absence {
  readonly fromMs: number;
  readonly untilMs: number;
}

export const deployId = "deploy";
export const base = blockBase(0);
export const guestPort = 80;
/** What a manifest may hold and no log may show. */
export const secret = "a-secret-of-the-manifest";

export interface ScenarioLimits {
  readonly nodes: number;
  readonly hosts: number;
  readonly connects: number;
  readonly pattern: Pattern;
}

/**
 * `herd`: every machine connects at once, to the first host, and nothing is probed. `zombie`: one
 * of them is away for more than an hour, and little happens meanwhile. `rough`: as `mixed`, but
 * more of everything goes wrong, guests cannot be started, and people meddle all the time.
 */
export type Pattern = (typeof patterns)[number];
export const patterns = ["mixed", "rough", "herd", "zombie"] as const;

const usual = { nodes: 5, hosts: 8, connects: 150 } as const;

export const limitsOf: Readonly<Record<Pattern, ScenarioLimits>> = {
  mixed: { ...usual, pattern: "mixed" },
  rough: { ...usual, pattern: "rough" },
  herd: { ...usual, nodes: 100, hosts: 1, pattern: "herd" },
  zombie: { nodes: 3, hosts: 2, connects: 20, pattern: "zombie" },
};

export function drawScenario(generator: Generator, limits: ScenarioLimits): Scenario {
  const nodes = Array.from({ length: limits.nodes }, (_, index) => `node-${index + 1}`);
  const hosts = Array.from({ length: limits.hosts }, (_, index) => host(index, generator));
  return {
    nodes,
    hosts,
    ...{ connects: limits.connects, pattern: limits.pattern },
    timeoutMs: generator.pick([30_000, 120_000, 900_000]),
    ...(limits.pattern === "zombie" ? timesAround(drawAbsence(generator)) : usualTimes),
  };
}

type Times = Pick<Scenario, "healMs" | "probeMs" | "endMs" | "absence">;

const usualTimes: Times = { healMs: 380_000, probeMs: 470_000, endMs: 780_000, absence: null };

function drawAbsence(generator: Generator): Absence {
  const fromMs = generator.between(40_000, 80_000);
  return { fromMs, untilMs: fromMs + generator.between(60, 90) * 60_000 };
}

function timesAround(absence: Absence): Times {
  const healMs = absence.untilMs + 60_000;
  return { absence, healMs, probeMs: healMs + 60_000, endMs: healMs + 300_000 };
}

function host(index: number, generator: Generator): DeclaredHost {
  const name = `host-${index}`;
  return {
    name,
    className: name,
    address: base + 1 + index,
    listen: [{ port: guestPort, protocol: "tcp" }],
    readyPort: { port: guestPort, protocol: "tcp" },
    ready: "listen",
    bootTimeoutMs: generator.pick([10_000, 30_000]),
    stopGraceMs: generator.pick([500, 5_000]),
    idle: {
      afterMs: generator.pick([1_000, 3_000, 8_000]),
      terminateAfterMs: generator.pick([15_000, 30_000, 45_000]),
      inFlightMaxMs: generator.pick([20_000, 60_000]),
      honorsTimers: false,
    },
    wakeEveryMs: null,
    functionName: `im_world_${name}`,
    ...events(name),
  };
}

/** A guest without a supervisor ends before its lease does. */
const awayMs = 4_000;

/** `nodeSocket` is filled in by the machine that invokes. */
function events(name: string): Pick<DeclaredHost, "bootEvent" | "continueEvent"> {
  return {
    bootEvent: ({ incarnation, claim }) => ({
      ...{ version: 1, action: "boot", deployment: "world", deployId, host: name },
      ...{ incarnation, claim, nodeSocket: "", logFile: "log", awayMs },
      guest: {
        ...{ command: ["serve"], directory: ".", environment: { SECRET: secret }, preload: true },
        stopGraceMs: 2_000,
      },
    }),
    continueEvent: (life) => ({
      ...{ version: 1, action: "continue", deployId, host: name, nodeSocket: "" },
      ...life,
    }),
  };
}

/** The hosts as one machine declares them: environments find its own supervisor. */
export function declaredOn(node: string, hosts: readonly DeclaredHost[]): readonly DeclaredHost[] {
  return hosts.map((declared) => ({
    ...declared,
    bootEvent: (life) => ({ ...declared.bootEvent(life), nodeSocket: node }),
    continueEvent: (life) => ({ ...declared.continueEvent(life), nodeSocket: node }),
  }));
}
