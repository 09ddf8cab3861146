/**
 * Which system calls a conversation makes, natively and in a deployment: what n messages cost is
 * the calls of n messages less those of none, for client and server each, under strace.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BenchHome } from "./home.js";
import { client, echo } from "./paths.js";
import { freePort } from "./ports.js";
import { Program } from "./program.js";

export type Calls = ReadonlyMap<string, number>;

export interface Conversation {
  readonly client: Calls;
  readonly server: Calls;
}

const port = 7000;
const lookMs = 10;
const looksMax = 500;

/** What `count` messages cost natively. */
export async function nativeCalls(count: number): Promise<Conversation> {
  return await inDirectory(async (directory) => {
    const at = await freePort();
    const log = join(directory, "server");
    const server = new Program(["strace", "-o", log, echo, String(at)]);
    try {
      spawnSync(client, ["await", "127.0.0.1", String(at)]);
      return await costOf(count, log, (messages, output) =>
        runToEnd(["strace", "-o", output, client, ...talk("127.0.0.1", at, messages)]),
      );
    } finally {
      await server.kill();
    }
  });
}

/** The same in a deployment, client under `im run` and server as a host of it. */
export async function deployedCalls(home: BenchHome, count: number): Promise<Conversation> {
  return await inDirectory(async (directory) => {
    const log = join(directory, "server");
    const command = ["strace", "-o", log, echo, String(port)];
    home.deploy("calls", { web: { command, listen: [port] } });
    await home.client.wake("calls", "web");
    return await costOf(count, log, async (messages, output) => {
      const words = ["strace", "-o", output, client, ...talk("web", port, messages)];
      await home.run(...words).finish();
    });
  });
}

async function costOf(
  count: number,
  serverLog: string,
  converse: (messages: number, output: string) => Promise<void>,
): Promise<Conversation> {
  const talks: Conversation[] = [];
  for (const messages of [0, count]) {
    const output = `${serverLog}-client-${messages}`;
    const before = await settled(serverLog);
    await converse(messages, output);
    const served = difference(await settled(serverLog), before);
    talks.push({ client: countCalls(readFileSync(output, "utf8")), server: served });
  }
  const [none, all] = talks;
  if (none === undefined || all === undefined) throw new Error("nobody spoke");
  return {
    client: difference(all.client, none.client),
    server: difference(all.server, none.server),
  };
}

/** The server has done what there was to do: it waits in an epoll_wait that has not returned. */
async function settled(log: string): Promise<Calls> {
  for (let looks = 0; looks < looksMax; looks += 1) {
    const text = existsSync(log) ? readFileSync(log, "utf8") : "";
    await delay(lookMs);
    const later = existsSync(log) ? readFileSync(log, "utf8") : "";
    if (text !== "" && text === later && /epoll_wait\([^\n]*$/.test(text)) return countCalls(text);
  }
  throw new Error(`the server under strace never waits: ${log}`);
}

/** Lines of strace: `send(3, "x", 1, 0) = 1`. */
function countCalls(text: string): Calls {
  const counts = new Map<string, number>();
  for (const [, name = ""] of text.matchAll(/^(\w+)\(/gm)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Only what is not the same in both. */
function difference(more: Calls, less: Calls): Calls {
  const names = new Set([...more.keys(), ...less.keys()]);
  const entries = [...names].map((name) => {
    return [name, (more.get(name) ?? 0) - (less.get(name) ?? 0)] as const;
  });
  return new Map(entries.filter(([, count]) => count !== 0).toSorted());
}

function talk(host: string, to: number, messages: number): readonly string[] {
  return ["talk", host, String(to), String(messages), "1"];
}

async function runToEnd(command: readonly string[]): Promise<void> {
  await new Program(command).finish();
}

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "im-calls-"));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
