/** `im run`: a program inside the deployment's network. */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { basename } from "node:path";
import { isatty } from "node:tty";
import { shimFiles } from "../../../shim/index.js";
import { withoutGuestVariables } from "../../daemon/configuration.js";
import { requireShim } from "../../daemon/shim-files.js";
import { goDebug } from "../../protocol/go-resolver.js";
import { noteBootFailures } from "../boot-failures.js";
import { findCommand } from "../command-path.js";
import { joinNode, type NodeMembership } from "../node-client.js";
import { locate, type Target, type TargetOptions } from "../session.js";
import type { Terminal } from "../terminal.js";

export interface RunOptions extends TargetOptions {
  /** `--as` */
  readonly as?: string;
}

/** Resolves with the program's exit code; where it failed, says which hosts failed meanwhile. */
export async function run(
  terminal: Terminal,
  options: RunOptions,
  command: readonly string[],
): Promise<number> {
  const target = await locate(options);
  const beganMs = Date.now();
  const exitCode = await runProgram(target, options, command);
  if (exitCode !== 0) await noteBootFailures(terminal, target, beganMs);
  return exitCode;
}

/** Resolves with the program's exit code; ends this process by the signal that ended it. */
export async function runProgram(
  { configuration, health, deployment }: Target,
  options: RunOptions,
  command: readonly string[],
  additions: Readonly<Record<string, string>> = {},
): Promise<number> {
  const [program = "", ...parameters] = command;
  findCommand(program, process.env["PATH"]);
  const node = await joinNode(requireShim(), health.nodeSocket, {
    type: "client.started",
    deployment,
    as: options.as ?? null,
    program: basename(program).slice(0, 255),
    pid: process.pid,
  });
  try {
    // A relative one would mean another home wherever the program changes its directory.
    const home = process.env["IM_HOME"] ? { IM_HOME: configuration.home } : {};
    return await execute(node, [program, ...parameters], { ...home, ...additions });
  } finally {
    node.leave();
  }
}

async function execute(
  node: NodeMembership,
  command: readonly string[],
  additions: Readonly<Record<string, string>>,
): Promise<number> {
  const inherited = withoutGuestVariables();
  let child: ChildProcess | null = null;
  // Before the start: whoever sees the program's first words may send one at once.
  const release = forwardSignals((signal) => child?.kill(signal));
  try {
    child = spawn(shimFiles.exec, ["3", "--", ...command], {
      stdio: ["inherit", "inherit", "inherit", node.guestControl],
      env: {
        ...inherited,
        ...additions,
        ...node.environment,
        IM_PRELOAD: shimFiles.preload,
        GODEBUG: goDebug(inherited["GODEBUG"]),
      },
    });
    node.handOver();
    const { code, signal } = await endOf(child);
    if (signal === null) return code ?? 0;
    release();
    return await endBy(signal);
  } finally {
    release();
  }
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

/** As if the program had been called directly: a shell sees how it ended. */
async function endBy(signal: NodeJS.Signals): Promise<number> {
  process.kill(process.pid, signal);
  // Signals that are ignored, or that dump a core where none is allowed, let us come this far.
  await new Promise((resolve) => setTimeout(resolve, 50));
  return 128 + constants.signals[signal];
}

/** Returns what ends the forwarding. */
function forwardSignals(send: (signal: NodeJS.Signals) => void): () => void {
  const always: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];
  // A terminal sends these to its whole foreground group, the program included: once is enough.
  const typed: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
  const onTerminal = isatty(0) || isatty(1) || isatty(2);
  const swallow = (): void => undefined;
  for (const signal of always) process.on(signal, send);
  for (const signal of typed) process.on(signal, onTerminal ? swallow : send);
  return () => {
    for (const signal of [...always, ...typed]) {
      process.off(signal, send);
      process.off(signal, swallow);
    }
  };
}
