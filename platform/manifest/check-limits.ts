import type { ManifestFacts } from "./facts.js";
import { hostsMax } from "./fields.js";
import { invalidAt, invalidKeyAt, type Problem } from "./problem.js";

/** Descriptors that the platform itself needs beside those of placeholders. */
export const descriptorsReserved = 1024;

/** How many hosts and sockets a deployment may have; reported where the limit is passed. */
export function checkLimits(facts: ManifestFacts, descriptorsMax: number): readonly Problem[] {
  return [...checkHostCount(facts), ...checkSockets(facts, descriptorsMax)];
}

function checkHostCount(facts: ManifestFacts): readonly Problem[] {
  let total = 0;
  for (const [name, host] of facts.hosts) {
    total += host.count ?? 1;
    if (total <= hostsMax) continue;
    const problem = invalidKeyAt(["hosts", name], {
      what: `with \`${name}\` the manifest has too many hosts`,
      expected: `at most ${hostsMax} hosts in all`,
      received: `${totalHosts(facts)} hosts`,
      fix: "lower `count`, or remove hosts",
    });
    return [problem];
  }
  return [];
}

function totalHosts(facts: ManifestFacts): number {
  return [...facts.hosts.values()].reduce((total, host) => total + (host.count ?? 1), 0);
}

/** A placeholder for each TCP port of each host, and a listener for each published port. */
function checkSockets(facts: ManifestFacts, descriptorsMax: number): readonly Problem[] {
  const socketsMax = Math.max(0, descriptorsMax - descriptorsReserved);
  let total = 0;
  let passedAt: string | null = null;
  for (const [name, host] of facts.hosts) {
    const ports = host.listen.filter((port) => port?.protocol === "tcp").length;
    total += ports * (host.count ?? 1) + host.publish.length;
    if (total > socketsMax) passedAt ??= name;
  }
  if (passedAt === null) return [];
  const problem = invalidAt(["hosts", passedAt, "listen"], {
    what: `with host \`${passedAt}\` the manifest declares too many ports`,
    expected: `at most ${socketsMax} in all: a process may open ${descriptorsMax} descriptors here`,
    received: `${total} ports`,
    fix: `declare fewer, or raise the limit: \`ulimit -n ${total + descriptorsReserved}\``,
  });
  return [problem];
}
