/**
 * What a runtime may call when, refused by default, as in AWS's runtime interface emulator:
 *
 *     started ──next──► waiting ──(an event)──► busy ──response, error──► answered
 *        │                 ▲                                                  │
 *        └─init error─► failed                └────────────next───────────────┘
 *
 * One difference: there a busy runtime that asks for the next event gets the same one again.
 */
export const runtimeStates = ["started", "failed", "waiting", "busy", "answered"] as const;
export type RuntimeState = (typeof runtimeStates)[number];

export const runtimeCalls = ["next", "response", "error", "init error"] as const;
export type RuntimeCall = (typeof runtimeCalls)[number];

const moves: Readonly<Record<RuntimeState, Partial<Record<RuntimeCall, RuntimeState>>>> = {
  started: { next: "waiting", "init error": "failed" },
  failed: {},
  waiting: {},
  busy: { response: "answered", error: "answered" },
  answered: { next: "waiting" },
};

/** null: refused. */
export function nextRuntimeState(state: RuntimeState, call: RuntimeCall): RuntimeState | null {
  return moves[state][call] ?? null;
}
