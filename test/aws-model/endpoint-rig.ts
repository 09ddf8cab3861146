import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import {
  type LambdaEndpoint,
  type LambdaEndpointOptions,
  startLambdaEndpoint,
} from "../../simulator/lambda/endpoint.js";
import type { Credentials } from "../../simulator/signature/signature-check.js";
import { silentLog } from "../fixtures/daemon/silent-log.js";

export const credentials: Credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "secret/+key",
};
export const region = "us-east-1";

/** Lambda on TCP, until the test ends. */
export async function startEndpoint(
  t: ExecutionContext,
  options: Partial<LambdaEndpointOptions> = {},
): Promise<LambdaEndpoint> {
  const endpoint = await startLambdaEndpoint({
    port: 0,
    credentials,
    region,
    clock: systemClock,
    log: silentLog,
    hostEnvironment: { PATH: process.env["PATH"] },
    sparesMax: 0,
    ...options,
  });
  t.teardown(() => endpoint.close());
  return endpoint;
}

export function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "im-model-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return directory;
}
