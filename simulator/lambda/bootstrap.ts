import { spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../platform/ports/clock.js";
import { settledWithin } from "./delay.js";
import type { EnvironmentOutput } from "./environment-output.js";
import type { Blueprint } from "./function-record.js";
import { markerVariable } from "./process-table.js";
import { type ProcessTree, signal } from "./process-tree.js";
import type { ProcessExit, RootProcess } from "./root-process.js";

export interface BootstrapPlace {
  readonly environmentId: string;
  /** The unpacked code: working directory and home of the program. */
  readonly root: string;
  /** What to execute in place of the program. */
  wrap(program: string): readonly [string, ...string[]];
  /** Unix socket of the Runtime API. */
  readonly apiSocket: string;
  readonly temporaryDirectory: string;
  readonly region: string;
  /** Variables that every bootstrap finds: PATH and the like. */
  readonly baseVariables: Readonly<Record<string, string>>;
  /** Takes what it prints. */
  readonly output: EnvironmentOutput;
}

/** The program as a child of this process. */
export class Bootstrap implements RootProcess {
  readonly pid: number | null;
  exit: ProcessExit | null = null;
  failure: Error | null = null;
  readonly exited: Promise<void>;

  constructor(blueprint: Blueprint, place: BootstrapPlace) {
    const [file, ...words] = place.wrap(join(place.root, "bootstrap"));
    const output = place.output.open();
    const child = spawn(file, words, {
      cwd: place.root,
      // A session of its own: a terminal's signals do not reach it.
      detached: true,
      stdio: ["ignore", output, output],
      env: variables(blueprint, place),
    });
    closeSync(output);
    this.pid = child.pid ?? null;
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, name) => {
        this.exit = { code, signal: name };
        resolve();
      });
      child.once("error", (error) => {
        this.failure = error;
        resolve();
      });
    });
  }

  async stop(tree: ProcessTree, clock: Clock, graceMs: number): Promise<void> {
    // Seen while their parents live, its descendants are found again as orphans.
    await tree.members();
    // Its number is its own until the exit was collected, which only our event loop does.
    if (this.exit !== null || this.pid === null) return;
    signal(this.pid, "SIGTERM");
    await settledWithin(clock, this.exited, graceMs);
  }

  describe(): string {
    if (this.failure !== null) return `cannot execute bootstrap: ${this.failure.message}`;
    if (this.exit === null) return "killed";
    return this.exit.signal === null
      ? `exit status ${this.exit.code}`
      : `signal: ${this.exit.signal}`;
  }
}

/** All variables of the program; nothing else of the engine's own environment reaches it. */
function variables(blueprint: Blueprint, place: BootstrapPlace): Record<string, string> {
  const { identity } = blueprint;
  return {
    TZ: ":UTC",
    ...place.baseVariables,
    ...blueprint.variables,
    ...(identity === null
      ? {}
      : {
          AWS_LAMBDA_FUNCTION_NAME: identity.functionName,
          AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(identity.memoryMb),
          AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${identity.functionName}`,
        }),
    [markerVariable]: place.environmentId,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_RUNTIME_API: `unix:${place.apiSocket}`,
    AWS_DEFAULT_REGION: place.region,
    AWS_REGION: place.region,
    LAMBDA_RUNTIME_DIR: place.root,
    LAMBDA_TASK_ROOT: place.root,
    TMPDIR: place.temporaryDirectory,
    _HANDLER: blueprint.handler,
  };
}
