/** Entry of the custom runtime: `bootstrap` executes this file with Node. */
import { nanoid } from "nanoid";
import { bootIdOf } from "../platform/protocol/boot-id.js";
import { loadAddon } from "../shim/index.js";
import { readConfiguration } from "./configuration.js";
import { Environment } from "./environment.js";
import { messageOf, report } from "./report.js";
import { RuntimeApi, runtimeApiClient } from "./runtime-api.js";

async function main(): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => stopping.abort());
  // Whoever reads the log may be gone before we are: not a reason to abandon a guest.
  process.stderr.on("error", () => undefined);

  const { runtimeApi, environmentName, inherited } = readConfiguration(process.env);
  const api = new RuntimeApi(runtimeApiClient(runtimeApi), stopping.signal);
  try {
    let environment: Environment;
    try {
      const parts = { addon: loadAddon(), api, inherited, stop: stopping.signal };
      environment = await Environment.prepare(parts, bootIdOf(environmentName, nanoid()));
    } catch (error) {
      await api.failInit(error);
      throw error;
    }
    await environment.serve();
    return 0;
  } catch (error) {
    report("environment ends", { error: messageOf(error) });
    return 1;
  } finally {
    api.close();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    report("environment ends", { error: messageOf(error) });
    process.exit(1);
  },
);
