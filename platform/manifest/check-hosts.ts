import type { HostFacts, ManifestFacts } from "./facts.js";
import { fixFor } from "./key-texts.js";
import {
  describePath,
  describeReceived,
  invalidAt,
  invalidKeyAt,
  type Path,
  type Problem,
} from "./problem.js";
import { splitWords } from "./words.js";

/** What the keys of one host must agree on, and published ports among all hosts. */
export function checkHosts(facts: ManifestFacts): readonly Problem[] {
  const publishers = new Map<number, string>();
  return [...facts.hosts].flatMap(([name, host]) => {
    const path = ["hosts", name];
    return [
      ...checkCommand(path, host),
      ...checkListen(path, host),
      ...checkReady(path, host),
      ...checkPublish(path, host, publishers),
    ];
  });
}

function checkCommand(host: Path, { command, shell }: HostFacts): readonly Problem[] {
  const path = [...host, "command"];
  if (command === null) return [];
  if (typeof command !== "string") {
    if (!shell) return [];
    const problem = invalidAt(path, {
      what: `${describePath(path)} must be a string where \`shell\` is true`,
      expected: "a string for /bin/sh",
      received: "a list",
      fix: "write one string, or remove `shell: true`",
    });
    return [problem];
  }
  return shell ? checkScript(path, command) : checkWords(path, command);
}

function checkScript(path: Path, command: string): readonly Problem[] {
  if (command.trim() !== "") return [];
  return [noProgram(path, command)];
}

function checkWords(path: Path, command: string): readonly Problem[] {
  const split = splitWords(command);
  if ("words" in split) {
    const [program = ""] = split.words;
    return program === "" ? [noProgram(path, command)] : [];
  }
  const problem = invalidAt(path, {
    what: `${describePath(path)} ends within a ${split.unfinished}`,
    expected: "quotes in pairs, and a character behind each backslash",
    received: describeReceived(command, path),
    fix: "close the quote, or write the command as a list of words",
  });
  return [problem];
}

function noProgram(path: Path, command: string): Problem {
  return invalidAt(path, {
    what: `${describePath(path)} names no program`,
    expected: "a program, at least",
    received: describeReceived(command, path),
    fix: fixFor(path),
  });
}

function checkListen(host: Path, { listen }: HostFacts): readonly Problem[] {
  const seen = new Set<string>();
  return listen.flatMap((entry, index): readonly Problem[] => {
    if (entry === null) return [];
    const port = `${entry.port}/${entry.protocol}`;
    if (!seen.has(port)) {
      seen.add(port);
      return [];
    }
    const path = [...host, "listen", index];
    const problem = invalidAt(path, {
      what: `${describePath(path)} declares a port twice`,
      expected: "each port once",
      received: `${port} again`,
      fix: "remove one of the two",
    });
    return [problem];
  });
}

function checkReady(host: Path, { ready, listen }: HostFacts): readonly Problem[] {
  if (ready !== "listen" || listen.length > 0) return [];
  const path = [...host, "ready"];
  const problem = invalidAt(path, {
    what: `${describePath(path)} waits for a port, and none is declared`,
    expected: "`ready: exec`, or a port in `listen`",
    received: "`ready: listen` without a port",
    fix: "declare the port that the host serves, or remove `ready`",
  });
  return [problem];
}

function checkPublish(
  host: Path,
  { publish, count, listen }: HostFacts,
  publishers: Map<number, string>,
): readonly Problem[] {
  if (publish.length === 0) return [];
  if (count !== null) return [publishedClass([...host, "publish"])];
  return publish.flatMap((entry, index): readonly Problem[] => {
    if (entry === null) return [];
    const path = [...host, "publish", index];
    const problems: Problem[] = [];
    const owner = publishers.get(entry.from);
    if (owner !== undefined) problems.push(publishedTwice(path, entry.from, owner));
    else publishers.set(entry.from, describePath(path));
    // A port that could not be read may well have been the one that is meant.
    const isDeclared = listen.some(
      (port) => port === null || (port.protocol === "tcp" && port.port === entry.to),
    );
    if (!isDeclared) problems.push(undeclaredTarget(path, entry.to));
    return problems;
  });
}

function publishedClass(path: Path): Problem {
  return invalidKeyAt(path, {
    what: `${describePath(path)} is not possible: a class has many hosts`,
    expected: "`publish` on hosts without `count` only",
    received: "`publish` beside `count`",
    fix: "publish a single host that connects to the class",
  });
}

function publishedTwice(path: Path, from: number, owner: string): Problem {
  return invalidAt(path, {
    what: `port ${from} of this machine is published twice`,
    expected: `another port: ${owner} has this one`,
    received: String(from),
    fix: "choose a free port left of the colon",
  });
}

function undeclaredTarget(path: Path, to: number): Problem {
  return invalidAt(path, {
    what: `${describePath(path)} leads to a port that the host does not declare`,
    expected: "a tcp port of its `listen`",
    received: String(to),
    fix: `add ${to} to \`listen\`, or correct the port right of the colon`,
  });
}
