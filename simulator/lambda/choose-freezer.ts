import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import { claimCgroup, thawBelow } from "./cgroup.js";
import { CgroupFreezer } from "./cgroup-freezer.js";
import type { Freezer, FreezerKind } from "./freezer.js";
import { SignalFreezer } from "./signal-freezer.js";

export interface FreezerSettings {
  /** `signals` leaves cgroups alone even where they could be used. */
  readonly wanted: "auto" | FreezerKind;
  /** Its hash names the engine's cgroup. */
  readonly runtimeDirectory: string;
  /** Keeps where the cgroup is: the next engine may be started from another one. */
  readonly stateFile: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** What this machine freezes with, and why not with cgroups. Nothing is left of the attempt. */
export function freezerKind(): { readonly kind: FreezerKind; readonly reason: string | null } {
  const { directory, reason } = claimCgroup(`im-probe-${process.pid}`);
  if (directory === null) return { kind: "signals", reason };
  rmdirSync(directory);
  return { kind: "cgroup", reason: null };
}

/**
 * The freezer of an engine. A cgroup that an engine before it had, wherever that was started, is
 * used on: its environments are in it.
 */
export function chooseFreezer(settings: FreezerSettings): Freezer {
  const { wanted, runtimeDirectory, stateFile, clock, log } = settings;
  const name = cgroupName(runtimeDirectory);
  const earlier = recordedDirectory(stateFile, name);
  if (wanted === "signals") {
    if (earlier !== null) thawBelow(earlier);
    return new SignalFreezer(clock, log, "cgroups are switched off");
  }
  if (earlier !== null) return new CgroupFreezer(earlier, clock, log);
  const { directory, reason } = claimCgroup(name);
  if (directory === null) return new SignalFreezer(clock, log, reason);
  writeFileSync(stateFile, directory, { mode: 0o600 });
  return new CgroupFreezer(directory, clock, log);
}

function cgroupName(runtimeDirectory: string): string {
  const hash = createHash("sha256").update(runtimeDirectory).digest("hex");
  return `im-${hash.slice(0, 16)}`;
}

/** null: there was none, or the machine has been started anew since. */
function recordedDirectory(stateFile: string, name: string): string | null {
  if (!existsSync(stateFile)) return null;
  const directory = readFileSync(stateFile, "utf8");
  const isOurs = basename(directory) === name && existsSync(join(directory, "cgroup.procs"));
  return isOurs ? directory : null;
}
