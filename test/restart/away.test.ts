/** What ends while there is no daemon, and cannot say so to the next one. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { ExecutionContext } from "ava";
import { createLambdaClient } from "../../platform/cloud/lambda-client-adapter.js";
import { readConfiguration } from "../../platform/daemon/configuration.js";
import { functionName } from "../../platform/daemon/declared-hosts.js";
import { storedDeployments } from "../../platform/daemon/deployment-file.js";
import { markerVariable } from "../../simulator/lambda/process-table.js";
import { needing } from "../process/requirements.js";
import { built, World } from "../process/world.js";

const command = [built("guest"), "7000"];

for (const victim of ["init", "runtime"] as const) {
  needing()(`a ${victim} killed while there is no daemon hangs nobody`, async (t) => {
    const world = await World.of(t, { web: { command, listen: [7000] } });
    const client = await living(t, world);
    await haveStray(t, world);
    const { init, runtime } = await processes(world);
    killDaemon(world);
    process.kill(victim === "init" ? init : runtime, "SIGKILL");
    await client.reach("life 2");
  });
}

needing()("an environment that the engine took for a spare has its life, and an end", async (t) => {
  const world = await World.of(t, { web: { command, listen: [7000] } });
  const client = await living(t, world);
  const { runtime } = await processes(world);
  forget(world, runtime);
  killDaemon(world);
  // The command line waits for a daemon that is being started again.
  t.is((await world.im("status")).code, 0);
  t.is(await client.ask(), "life 1");
  process.kill(runtime, "SIGKILL");
  await client.reach("life 2");
});

/** A client of a host that it has booted. */
async function living(t: ExecutionContext, world: World) {
  const program = world.start(built("dial"));
  const address = await world.address("web");
  const ask = (): Promise<string> => {
    program.write(`${address} 7000`);
    return program.line();
  };
  t.is(await ask(), "life 1");
  return {
    ask,
    /** The guest may be asked once more before it is ended, or be ended in the middle of it. */
    async reach(life: string): Promise<void> {
      for (let answer = await ask(); answer !== life; answer = await ask()) {
        t.regex(answer, /^(?:life 1|recv: (?:ECONNRESET|end after 0 bytes))$/);
      }
      await program.finish();
    },
  };
}

async function processes(world: World) {
  // A guest may answer before its environment has told the daemon who it is.
  for (;;) {
    const [guest] = (await world.host("web")).pids;
    if (guest === undefined) continue;
    const init = parentOf(guest);
    return { init, runtime: parentOf(init) };
  }
}

function killDaemon(world: World): void {
  const [daemon = ""] = readFileSync(join(world.home, "daemon.pid"), "utf8").split("\n");
  process.kill(Number(daemon), "SIGKILL");
}

/** As if the disk had been full when it was given its event. */
function forget(world: World, runtime: number): void {
  const variables = readFileSync(`/proc/${runtime}/environ`, "latin1").split("\0");
  const name = variables.find((variable) => variable.startsWith(markerVariable)) ?? "";
  const id = name.slice(markerVariable.length + 1);
  const path = join(world.home, "lambda/environments", id, "environment.json");
  const record = JSON.parse(readFileSync(path, "utf8"));
  const spare = { functionName: null, tenantId: null, owner: null, current: null };
  writeFileSync(path, JSON.stringify({ ...record, ...spare }));
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
