/**
 * The phases of an environment, refused by default:
 *
 *     init ──ready──► idle ──freeze──► freezing ──frozen──► frozen
 *       │              │ ▲                │                   │
 *       │adopted   run │ │ ready          │ run, away         │ run, away
 *       ▼              ▼ │                ▼                   ▼
 *     busy ◄───────── busy ◄──────────────┴───────────────────┘
 *
 *     frozen ──thaw──► idle: an event is about to come
 *     each of them ──end──► ending ──ended──► ended
 *
 * `busy` has an event in hand, or a runtime that does not ask for one.
 */
export const phases = ["init", "idle", "freezing", "frozen", "busy", "ending", "ended"] as const;
export type Phase = (typeof phases)[number];

/**
 * `ready`, `away`, `responded`: the runtime waits for an event, waits no more, has answered.
 * `adopted`: it was busy when the engine that had started it was killed. The others are the
 * engine's doing.
 */
export const phaseEvents = [
  "ready",
  "away",
  "responded",
  "adopted",
  "run",
  "freeze",
  "frozen",
  "thaw",
  "end",
  "ended",
] as const;
export type PhaseEvent = (typeof phaseEvents)[number];

/** `late`: it was on its way when the end began, and has no meaning any more. */
export type Move = Phase | "late" | "refused";

const moves: Readonly<Record<Phase, Partial<Record<PhaseEvent, Move>>>> = {
  init: { ready: "idle", adopted: "busy", end: "ending" },
  idle: { run: "busy", away: "busy", freeze: "freezing", end: "ending" },
  freezing: { frozen: "frozen", run: "busy", away: "busy", end: "ending" },
  frozen: { run: "busy", thaw: "idle", away: "busy", end: "ending" },
  busy: { responded: "busy", ready: "idle", end: "ending" },
  ending: {
    ready: "late",
    away: "late",
    responded: "late",
    frozen: "late",
    end: "late",
    ended: "ended",
  },
  ended: { end: "late" },
};

export function nextPhase(phase: Phase, event: PhaseEvent): Move {
  return moves[phase][event] ?? "refused";
}

/** As the engine's own users see it: whether there is an event in hand, not how it waits. */
export function shownState(phase: Phase, hasEvent: boolean): "init" | "idle" | "busy" | "ended" {
  switch (phase) {
    case "freezing":
    case "frozen":
      return "idle";
    case "ending":
      return hasEvent ? "busy" : "idle";
    default:
      return phase;
  }
}

/** The phase of one environment. */
export class PhaseOf {
  #phase: Phase = "init";

  /** `refused`: told of an event that nothing may follow on, which is a fault of ours. */
  constructor(private readonly refused: (phase: Phase, event: PhaseEvent) => void) {}

  get now(): Phase {
    return this.#phase;
  }

  /** False: refused, or late. */
  move(event: PhaseEvent): boolean {
    const move = nextPhase(this.#phase, event);
    if (move === "late") return false;
    if (move === "refused") {
      this.refused(this.#phase, event);
      return false;
    }
    this.#phase = move;
    return true;
  }
}
