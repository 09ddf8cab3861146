import type { HostFacts, ManifestFacts } from "./facts.js";
import { findNameFault, nameLengthMax } from "./names.js";
import { describePath, invalidKeyAt, nameOnly, type Path, type Problem } from "./problem.js";

/** Names of hosts and of variables. */
export function checkNames(facts: ManifestFacts): readonly Problem[] {
  const hosts = [...facts.hosts];
  return [
    ...facts.names.flatMap(checkHostName),
    ...hosts.flatMap(([name, host]) => checkLongestName(name, host)),
    ...checkGeneratedNames(facts),
    ...checkVariables(["defaults", "environment"], facts.defaultEnvironment),
    ...hosts.flatMap(([name, host]) =>
      checkVariables(["hosts", name, "environment"], host.environment),
    ),
  ];
}

function checkHostName(name: string): readonly Problem[] {
  const expected = findNameFault(name);
  if (expected === null) return [];
  const problem = invalidKeyAt(["hosts", name], {
    what: `a host cannot be named \`${nameOnly(name)}\``,
    expected,
    received: JSON.stringify(nameOnly(name)),
    fix: "choose a name such as `web` or `worker-a`",
  });
  return [problem];
}

function checkLongestName(name: string, host: HostFacts): readonly Problem[] {
  if (host.count === null || name.length > nameLengthMax) return [];
  const longest = `${name}-${host.count - 1}`;
  if (longest.length <= nameLengthMax) return [];
  const problem = invalidKeyAt(["hosts", name], {
    what: `the names of class \`${name}\` are too long`,
    expected: `at most ${nameLengthMax} characters in \`${longest}\``,
    received: `${longest.length} characters`,
    fix: `shorten the name by ${longest.length - nameLengthMax} characters`,
  });
  return [problem];
}

/** Only a host and a class can meet: two classes with the same hosts have the same name. */
function checkGeneratedNames(facts: ManifestFacts): readonly Problem[] {
  const order = new Map(facts.names.map((name, index) => [name, index]));
  return [...facts.hosts].flatMap(([name, host]) => {
    const match = /^(.+)-(0|[1-9][0-9]*)$/.exec(name);
    if (match === null || host.count !== null) return [];
    const [, prefix = "", number] = match;
    const count = facts.hosts.get(prefix)?.count ?? 0;
    if (Number(number) >= count) return [];
    const isClassLater = (order.get(prefix) ?? 0) > (order.get(name) ?? 0);
    const problem = invalidKeyAt(["hosts", isClassLater ? prefix : name], {
      what: `two hosts are named \`${name}\``,
      expected: "a name of its own for every host",
      received: `host \`${name}\`, and class \`${prefix}\` of ${count} hosts from ${prefix}-0`,
      fix: "rename one of the two",
    });
    return [problem];
  });
}

function checkVariables(path: Path, variables: Readonly<Record<string, unknown>>) {
  return Object.keys(variables).flatMap((name): readonly Problem[] => {
    const expected = findVariableFault(name);
    if (expected === null) return [];
    const shown = JSON.stringify(nameOnly(name));
    const owner = describePath(path);
    const isReserved = /^(?:IM_|LD_PRELOAD)/.test(name);
    const problem = invalidKeyAt([...path, name], {
      what: `${owner} cannot have a variable named ${shown}`,
      expected,
      received: shown,
      fix: isReserved ? "remove it: the platform sets it" : "write `NAME: value`",
    });
    return [problem];
  });
}

function findVariableFault(name: string): string | null {
  if (name === "" || /[=\0]/.test(name)) return "a name without `=` and NUL";
  if (name === "LD_PRELOAD" || name.startsWith("IM_")) return "neither IM_… nor LD_PRELOAD";
  return null;
}
