/** What ends while there is no daemon, and cannot say so to the next one. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { ExecutionContext } from "ava";
import { createLambdaClient } from "../../platform/cloud/lambda-client-adapter.js";
import { readConfiguration } from "../../platform/daemon/configuration.js";
import { functionName } from "../../platform/daemon/declared-hosts.js";
import { storedDeployments } from "../../platform/daemon/deployment-file.js";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

const command = [built("guest"), "7000"];
const victims = ["init", "runtime"] as const;

for (const victim of victims) {
  needing()(`a ${victim} killed while there is no daemon hangs nobody`, async (t) => {
    const world = await World.of(t, { web: { command, listen: [7000] } });
    const client = world.start(built("dial"));
    const address = await world.address("web");
    const ask = (): Promise<string> => {
      client.write(`${address} 7000`);
      return client.line();
    };
    t.is(await ask(), "life 1");
    await haveStray(t, world);
    const init = parentOf((await world.host("web")).pids[0] ?? 0);
    const [daemon = ""] = readFileSync(join(world.home, "daemon.pid"), "utf8").split("\n");
    process.kill(Number(daemon), "SIGKILL");
    process.kill(victim === "init" ? init : parentOf(init), "SIGKILL");
    // The guest may be asked once more before it is ended, or be ended in the middle of it.
    for (let answer = ""; answer !== "life 2"; answer = await ask()) {
      t.regex(answer, /^(?:|life 1|recv: (?:ECONNRESET|end after 0 bytes))$/);
    }
    await client.finish();
  });
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** A second environment of the host's: an event came to it that was meant for another. */
async function haveStray(t: ExecutionContext, world: World): Promise<void> {
  const { runtimeDirectory, nodeSocket } = readConfiguration(world.environment);
  const client = createLambdaClient({ socketPath: join(runtimeDirectory, "lambda.sock") });
  t.teardown(() => client.destroy());
  const [deployment] = storedDeployments(world.home);
  const event = {
    ...{ version: 1, action: "continue", deployId: deployment?.deployId, host: "web" },
    ...{ incarnation: 1, memory: "another", nodeSocket },
  };
  const { FunctionError } = await client.send(
    new InvokeCommand({
      FunctionName: functionName("shop", "web"),
      TenantId: "web",
      Payload: JSON.stringify(event),
    }),
  );
  t.is(FunctionError, undefined);
}
