/** An engine in a process of its own, in the place of the rig's, to be killed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import type { LambdaEngineOptions } from "../../simulator/lambda/engine.js";
import { EngineRig } from "./engine-rig.js";

const program = fileURLToPath(new URL("../fixtures/engine/engine-process.js", import.meta.url));

export interface DoomedRig {
  readonly rig: EngineRig;
  /** SIGKILL for the engine, as it is. */
  kill(): Promise<void>;
}

/** `options` are those of the engine that `rig.restart()` starts. */
export async function startDoomed(
  t: ExecutionContext,
  options: Partial<LambdaEngineOptions> = {},
  doomed = options,
): Promise<DoomedRig> {
  const rig = await EngineRig.start(t, options);
  await rig.engine.close();
  rig.ended.length = 0;
  const child = spawn(process.execPath, [program, rig.directory, JSON.stringify(doomed)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  t.teardown(kill);
  await once(child.stdout, "data");
  return { rig, kill };
}
