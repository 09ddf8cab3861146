import assert from "node:assert/strict";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  InvokeCommand,
  type LambdaClient,
} from "@aws-sdk/client-lambda";
import type { ExecutionContext } from "ava";
import { packFunction } from "../../platform/cloud/function-package.js";
import { createLambdaClient } from "../../platform/cloud/lambda-client-adapter.js";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import type { Log } from "../../platform/ports/log.js";
import {
  type EnvironmentEnded,
  type LambdaEngine,
  type LambdaEngineOptions,
  startLambdaEngine,
} from "../../simulator/lambda/engine.js";

const fixture = new URL("../../../test/fixtures/engine/runtime.mjs", import.meta.url);
const bootstrap = `#!/bin/sh\nexec '${process.execPath}' "$LAMBDA_TASK_ROOT/runtime.mjs"\n`;
const quiet = () => undefined;
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => log };

export const role = "arn:aws:iam::000000000000:role/test";

/** The fixture's zip; another `version` is other code. */
export function fixtureCode(version = 1): Promise<Buffer> {
  return packFunction([
    { path: "bootstrap", content: Buffer.from(bootstrap), executable: true },
    { path: "runtime.mjs", content: readFileSync(fixture), executable: false },
    { path: "version", content: Buffer.from(String(version)), executable: false },
  ]);
}

export interface InvokeResult {
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly payload: unknown;
}

/** An engine in a directory of its own, which leaves nothing behind or fails the test. */
export class EngineRig {
  readonly directory = mkdtempSync("/tmp/im-engine-");
  readonly socketPath = join(this.directory, "lambda.sock");
  readonly client: LambdaClient = createLambdaClient({ socketPath: this.socketPath });
  readonly ended: EnvironmentEnded[] = [];
  engine: LambdaEngine;

  private constructor(
    engine: (rig: Pick<EngineRig, "directory" | "socketPath">) => LambdaEngineOptions,
    readonly options = engine,
  ) {
    this.engine = unstarted;
  }

  static async start(
    t: ExecutionContext,
    options: Partial<LambdaEngineOptions> = {},
  ): Promise<EngineRig> {
    const rig = new EngineRig(({ directory, socketPath }) => ({
      directory: join(directory, "state"),
      runtimeDirectory: directory,
      socketPath,
      clock: systemClock,
      log,
      hostEnvironment: { PATH: process.env["PATH"], HOME: directory },
      sparesMax: 0,
      retryDelaysMs: [5, 5],
      ...options,
    }));
    t.teardown(() => rig.#end());
    await rig.restart();
    return rig;
  }

  /** Starts the engine, again after `engine.close()`. */
  async restart(): Promise<void> {
    this.engine = await startLambdaEngine(this.options(this));
    this.engine.on("environmentEnded", (ended) => this.ended.push(ended));
  }

  async create(name: string, input: Partial<CreateFunctionCommandInput> = {}): Promise<void> {
    await this.client.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Code: { ZipFile: await fixtureCode() },
        Handler: "bootstrap",
        Role: role,
        Runtime: "provided.al2023",
        Timeout: 30,
        TenancyConfig: { TenantIsolationMode: "PER_TENANT" },
        ...input,
      }),
    );
  }

  async invoke(name: string, tenant: string | undefined, event: unknown): Promise<InvokeResult> {
    const Payload = typeof event === "string" ? event : JSON.stringify(event);
    const sent = await this.client.send(
      new InvokeCommand({ FunctionName: name, TenantId: tenant, Payload }),
    );
    const payload = JSON.parse(sent.Payload?.transformToString() ?? "null");
    return { status: sent.StatusCode, error: sent.FunctionError, payload };
  }

  async send(name: string, tenant: string, event: unknown): Promise<number | undefined> {
    const sent = await this.client.send(
      new InvokeCommand({
        FunctionName: name,
        TenantId: tenant,
        InvocationType: "Event",
        Payload: JSON.stringify(event),
      }),
    );
    return sent.StatusCode;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  touch(path: string): void {
    writeFileSync(path, "");
  }

  /** Resolves with the file's lines once there are so many. */
  async lines(path: string, count: number): Promise<readonly string[]> {
    const watcher = watch(join(path, ".."));
    try {
      for (;;) {
        const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
        if (lines.length >= count) return lines;
        await once(watcher, "change");
      }
    } finally {
      watcher.close();
    }
  }

  /** Resolves when this many environments have ended. */
  async endings(count: number): Promise<readonly EnvironmentEnded[]> {
    while (this.ended.length < count) {
      await new Promise<void>((resolve) => {
        const ended = () => {
          this.engine.off("environmentEnded", ended);
          resolve();
        };
        this.engine.on("environmentEnded", ended);
      });
    }
    return this.ended;
  }

  engineLog(): readonly string[] {
    return readFileSync(join(this.directory, "state/engine.log"), "utf8").split("\n");
  }

  starts(): number {
    return this.engineLog().filter((line) => line.startsWith("START ")).length;
  }

  functionLog(name: string): string {
    return readFileSync(join(this.directory, `state/logs/${name}.log`), "utf8");
  }

  /** A test's own assertions are closed by now: what throws here fails it all the same. */
  async #end(): Promise<void> {
    this.client.destroy();
    await this.engine.close();
    assert.deepEqual(this.engine.environments(), []);
    assert.deepEqual(processesMentioning(this.directory), []);
    assert.deepEqual(readdirSync(join(this.directory, "state/environments")), []);
    const left = readdirSync(this.directory).filter((name) => name.endsWith(".sock"));
    assert.deepEqual(left, []);
    rmSync(this.directory, { recursive: true });
  }
}

const unstarted: LambdaEngine = {
  events: () => [],
  endpoint: null,
  environments: () => [],
  billedMs: () => 0,
  on: quiet,
  off: quiet,
  freezer: { kind: "signals", reason: null },
  hasten: () => undefined,
  onFreezeChange: () => quiet,
  close: async () => undefined,
};

/** Processes whose variables name the directory: everything an environment starts has TMPDIR. */
function processesMentioning(directory: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        const state = readFileSync(`/proc/${name}/stat`, "latin1").split(") ").at(-1)?.[0];
        const variables = readFileSync(`/proc/${name}/environ`, "latin1");
        return state !== "Z" && variables.includes(directory);
      } catch {
        // It ended meanwhile.
        return false;
      }
    })
    .map(Number);
}

export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.split(") ").at(-1)?.[0] !== "Z";
  } catch {
    // Gone.
    return false;
  }
}
