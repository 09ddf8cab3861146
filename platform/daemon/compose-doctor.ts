/** What this machine can do: each thing is tried, none is guessed. No daemon is needed. */
import { existsSync, readFileSync } from "node:fs";
import { type Addon, loadAddon } from "../../shim/index.js";
import { freezerKind } from "../../simulator/lambda/choose-freezer.js";
import { awsChecks } from "./aws-settings-adapter.js";
import { readConfiguration } from "./configuration.js";
import { type Check, check, type DoctorReport, NotEnough, reportOf } from "./doctor-check.js";
import { kernelChecks } from "./kernel-checks-adapter.js";
import { machineChecks } from "./machine-checks-adapter.js";

export function examineMachine(): DoctorReport {
  const { home, version } = readConfiguration();
  const loaded = load();
  return reportOf(version, [
    ...machineChecks(home, loaded.reason),
    cgroups(),
    ...kernelChecks(loaded.addon),
    ptraceScope(),
    ...awsChecks(),
  ]);
}

type Loaded =
  | { readonly addon: Addon; readonly reason: null }
  | { readonly addon: null; readonly reason: string };

function load(): Loaded {
  try {
    return { addon: loadAddon(), reason: null };
  } catch (error) {
    const [reason = ""] = String(error).split("\n");
    return { addon: null, reason };
  }
}

function cgroups(): Check {
  const instead = "environments are frozen with SIGSTOP, process by process";
  return check({ name: "cgroup v2 freezer", instead }, () => {
    const { kind, reason } = freezerKind();
    if (kind !== "cgroup") throw new NotEnough(reason ?? "not delegated");
    return "a cgroup was made, and a process moved into it";
  });
}

/** With it `pidfd_getfd` is refused for what is not below the daemon, such as adopted guests. */
function ptraceScope(): Check {
  const instead = "guests that an earlier daemon left cannot be watched while they sleep";
  return check({ name: "ptrace scope", instead }, () => {
    const path = "/proc/sys/kernel/yama/ptrace_scope";
    if (!existsSync(path)) return "not restricted";
    const scope = readFileSync(path, "utf8").trim();
    if (scope !== "0" && process.getuid?.() !== 0) throw new NotEnough(`restricted (${scope})`);
    return scope === "0" ? "not restricted" : `restricted (${scope}), not for root`;
  });
}
