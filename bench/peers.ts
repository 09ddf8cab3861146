/** What a user would take instead: each starts the same server at the first connect to it. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { client, echo, nodeServer } from "./paths.js";
import { freePort } from "./ports.js";
import { childrenOf } from "./processes.js";
import { Program } from "./program.js";

export const proxyd = "/lib/systemd/systemd-socket-proxyd";

export function has(program: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$1"', "sh", program]).status === 0;
}

/** A server that can be started, and how it is spoken to. */
export interface Served {
  readonly name: string;
  /** The program that it needs. */
  readonly needs: string;
  readonly command: (port: number, directory: string) => readonly string[];
  /** With a listening socket at this descriptor; null: it cannot be. */
  readonly inheriting: ((descriptor: number) => readonly string[]) | null;
  /** One connection at descriptors 0 and 1. */
  readonly speaking: readonly string[] | null;
  readonly request: string;
}

/** It is to keep nothing, and to take whoever calls. */
function redisFile(directory: string): string {
  const file = join(directory, "redis.conf");
  writeFileSync(file, 'save ""\nbind 0.0.0.0\nprotected-mode no\n');
  return file;
}

function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

export const servedPrograms: readonly Served[] = [
  {
    name: "a tiny C server",
    needs: echo,
    command: (port) => [echo, String(port)],
    inheriting: (descriptor) => [echo, "fd", String(descriptor)],
    speaking: [echo, "stdio"],
    request: hex("x"),
  },
  {
    name: "redis-server",
    needs: "redis-server",
    command: (port, directory) => [
      "redis-server",
      redisFile(directory),
      ...["--port", String(port)],
    ],
    inheriting: null,
    speaking: null,
    request: hex("PING\r\n"),
  },
  {
    name: "a Node http server",
    needs: process.execPath,
    command: (port) => [process.execPath, nodeServer, String(port)],
    inheriting: (descriptor) => [process.execPath, nodeServer, "fd", String(descriptor)],
    speaking: null,
    request: hex("GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n"),
  },
];

/** A starter that stands ready: one cold connect at a time goes to the port. */
export interface Armed {
  readonly port: number;
  /** Ends what the connect has started, and the starter if it is good for one connect only. */
  readonly over: () => Promise<void>;
}

export interface Peer {
  readonly name: string;
  readonly needs: string;
  /** null: it cannot start this program. */
  readonly arming: (served: Served, directory: string) => (() => Promise<Armed>) | null;
}

export const peers: readonly Peer[] = [
  {
    name: "systemd-socket-activate",
    needs: "systemd-socket-activate",
    arming: ({ inheriting }) => {
      return inheriting === null ? null : () => activate(() => inheriting(3));
    },
  },
  {
    name: "systemd-socket-activate + proxyd",
    needs: proxyd,
    arming: ({ command }, directory) => {
      return () => activate((behind) => behindProxy(command(behind, directory), behind));
    },
  },
  {
    name: "xinetd (wait)",
    needs: "xinetd",
    arming: ({ inheriting }, directory) => {
      return inheriting === null ? null : () => superServer(inheriting(0), "yes", directory);
    },
  },
  {
    name: "xinetd (nowait)",
    needs: "xinetd",
    arming: ({ speaking }, directory) => {
      return speaking === null ? null : () => superServer(speaking, "no", directory);
    },
  },
];

/** Executes the command in its own place at the first connect, so it is good for one. */
async function activate(command: (behind: number) => readonly string[]): Promise<Armed> {
  const port = await freePort();
  const words = command(await freePort());
  const listen = ["systemd-socket-activate", "-l", `127.0.0.1:${port}`];
  const starter = new Program([...listen, ...words]);
  await listening(port);
  return { port, over: () => starter.kill() };
}

/**
 * proxyd itself starts nothing and loses whom it cannot pass on: the server is started before it,
 * and waited for, as a unit with Requires= and a readiness check would.
 */
function behindProxy(command: readonly string[], behind: number): readonly string[] {
  const quoted = command.map((word) => `'${word}'`).join(" ");
  const wait = `'${client}' await 127.0.0.1 ${behind}`;
  const script = `${quoted} 3>&- >/dev/null 2>&1 & ${wait} && exec ${proxyd} 127.0.0.1:${behind}`;
  return ["sh", "-c", script];
}

async function superServer(
  command: readonly string[],
  wait: "yes" | "no",
  directory: string,
): Promise<Armed> {
  const port = await freePort();
  const file = join(directory, `xinetd-${port}.conf`);
  const [server = "", ...parameters] = command;
  writeFileSync(file, superServerFile(port, wait, server, parameters));
  const pidFile = join(directory, `xinetd-${port}.pid`);
  const starter = new Program(["xinetd", "-dontfork", "-f", file, "-pidfile", pidFile]);
  await listening(port);
  return {
    port,
    over: async () => {
      // Its children have left its group.
      for (const pid of childrenOf(starter.pid)) process.kill(pid, "SIGKILL");
      await starter.kill();
    },
  };
}

function superServerFile(
  port: number,
  wait: string,
  server: string,
  parameters: readonly string[],
): string {
  return `defaults
{
}
service bench
{
 type = UNLISTED
 socket_type = stream
 protocol = tcp
 bind = 127.0.0.1
 port = ${port}
 wait = ${wait}
 user = root
 server = ${server}
 server_args = ${parameters.join(" ")}
 instances = UNLIMITED
 per_source = UNLIMITED
 cps = 100000 1
}
`;
}

const lookMs = 5;
const looksMax = 1000;

/** Looked up, never dialled: a connect would start what is to be measured. */
async function listening(port: number): Promise<void> {
  for (let looks = 0; looks < looksMax; looks += 1) {
    const filter = ["-Hltn", `sport = :${port}`];
    if (spawnSync("ss", filter, { encoding: "utf8" }).stdout.trim() !== "") return;
    await delay(lookMs);
  }
  throw new Error(`nobody listens on ${port}`);
}
