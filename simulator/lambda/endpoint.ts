import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "../signature/signature-check.js";
import { type LambdaEngine, type LambdaEngineOptions, startLambdaEngine } from "./engine.js";

export interface LambdaEndpointOptions
  extends Omit<LambdaEngineOptions, "directory" | "runtimeDirectory" | "socketPath" | "tcp"> {
  /** On 127.0.0.1; 0: any that is free. */
  readonly port: number;
  /** Whoever signs with these may do everything, nobody else anything. */
  readonly credentials: Credentials;
  /** Default us-east-1. */
  readonly region?: string;
  /**
   * State that outlives it, and sockets: its path must be short. Default: a temporary one, which
   * `close` removes.
   */
  readonly directory?: string;
}

export interface LambdaEndpoint {
  /** `http://127.0.0.1:port`. */
  readonly endpoint: string;
  readonly engine: LambdaEngine;
  close(): Promise<void>;
}

/** Lambda alone, on TCP with signatures, as any client of AWS's can use it. */
export async function startLambdaEndpoint(options: LambdaEndpointOptions): Promise<LambdaEndpoint> {
  const { port, credentials, directory, ...rest } = options;
  const home = directory ?? (await mkdtemp(join(tmpdir(), "im-lambda-")));
  const removeTemporary = async () => {
    if (directory === undefined) await rm(home, { recursive: true, force: true });
  };
  // Beside the state: environments that outlive a killed engine find the next one there.
  const runtimeDirectory = join(home, "run");
  try {
    await mkdir(runtimeDirectory, { recursive: true, mode: 0o700 });
    const engine = await startLambdaEngine({
      ...rest,
      directory: join(home, "state"),
      runtimeDirectory,
      socketPath: join(runtimeDirectory, "lambda.sock"),
      tcp: { port, credentials },
    });
    assert(engine.endpoint !== null, "it was told to listen on TCP");
    const close = async () => {
      await engine.close();
      await removeTemporary();
    };
    return { endpoint: engine.endpoint, engine, close };
  } catch (error) {
    await removeTemporary();
    throw error;
  }
}
