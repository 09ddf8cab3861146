import { dirname, resolve } from "node:path";
import type { HostClass, IdleRules, Manifest } from "./manifest.js";
import type { Places } from "./places.js";
import type { DefaultsInput, HostInput, ManifestInput } from "./schema.js";
import { splitWords } from "./words.js";

/** Values of SURFACE.md where neither the host nor `defaults` says anything. */
const fallback = { memoryMb: 512, bootTimeoutMs: 30_000, stopGraceMs: 10_000 } as const;
const fallbackIdle = {
  after: 30_000,
  terminateAfter: 600_000,
  inFlightMax: 60_000,
  timers: "ignore",
} as const;

/** From an input that passed every check. `file` is absolute. */
export function buildManifest(input: ManifestInput, places: Places, file: string): Manifest {
  const defaults = input.defaults ?? {};
  return {
    deployment: input.deployment,
    file,
    classes: Object.entries(input.hosts).map(([name, host]) => ({
      name,
      count: host.count ?? null,
      command: commandOf(name, host, places),
      directory: resolve(dirname(file), host.directory ?? defaults.directory ?? "."),
      listen: host.listen ?? [],
      publish: host.publish ?? [],
      environment: {
        ...writtenValues(defaults.environment, ["defaults", "environment"], places),
        ...writtenValues(host.environment, ["hosts", name, "environment"], places),
      },
      ...limitsOf(host, defaults),
      ready: readyOf(host, defaults),
      intercept: (host.intercept ?? defaults.intercept) === "none" ? "none" : "preload",
      idle: idleOf(host, defaults),
      wakeEveryMs: host.wake?.every ?? defaults.wake?.every ?? null,
    })),
  };
}

function limitsOf(host: HostInput, defaults: DefaultsInput) {
  return {
    memoryMb: host.memory ?? defaults.memory ?? fallback.memoryMb,
    bootTimeoutMs: host.bootTimeout ?? defaults.bootTimeout ?? fallback.bootTimeoutMs,
    stopGraceMs: host.stopGrace ?? defaults.stopGrace ?? fallback.stopGraceMs,
  };
}

/** Key by key: null, `never`, is a value like any other. */
function idleOf(host: HostInput, defaults: DefaultsInput): IdleRules {
  const rule = <Key extends keyof typeof fallbackIdle>(key: Key) => {
    const own = host.idle?.[key];
    const shared = defaults.idle?.[key];
    if (own !== undefined) return own;
    return shared === undefined ? fallbackIdle[key] : shared;
  };
  return {
    afterMs: rule("after"),
    terminateAfterMs: rule("terminateAfter"),
    inFlightMaxMs: rule("inFlightMax"),
    honorsTimers: rule("timers") === "honor",
  };
}

/** A host without ports has nothing to wait for, whatever `defaults` says. */
function readyOf(host: HostInput, defaults: DefaultsInput): HostClass["ready"] {
  if ((host.listen ?? []).length === 0) return "exec";
  return host.ready ?? defaults.ready ?? "listen";
}

function commandOf(name: string, host: HostInput, places: Places): readonly string[] {
  const { command } = host;
  if (typeof command !== "string") {
    return command.map((word, index) => {
      return places.textAt(["hosts", name, "command", index]) ?? String(word);
    });
  }
  if (host.shell === true) return ["/bin/sh", "-c", command];
  const split = splitWords(command);
  return "words" in split ? split.words : [];
}

/** `0644` and `1.10` stay as they are written: only their author knows what they mean. */
function writtenValues(
  values: Readonly<Record<string, unknown>> | undefined,
  path: readonly string[],
  places: Places,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values ?? {}).map(([name, value]) => [
      name,
      places.textAt([...path, name]) ?? String(value),
    ]),
  );
}
