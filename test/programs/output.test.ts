/** A guest that writes as fast as it can: its log stays small, and nobody waits for it. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { built, World } from "../process/world.js";
import { ifInstalled } from "./installed.js";

const logBytesMax = 2 * 11 * 1024 * 1024;

ifInstalled(["yes"])("a guest that never stops writing harms nobody", async (t) => {
  const guest = `exec ${built("guest")} 7000`;
  const world = await World.of(t, {
    noisy: { command: `yes "$(printf %0200d 0)" & ${guest}`, shell: true, listen: [7000] },
    quiet: { command: [built("guest"), "7000"], listen: [7000] },
  });
  const client = world.startClient(built("dial"));
  const logs = join(world.home, "deployments/shop/logs");
  const ask = async (host: string): Promise<string> => {
    client.write(`${host} 7000`);
    return client.line();
  };
  t.is(await ask("noisy"), "life 1");
  let life = 0;
  // Long enough for the file to have been replaced.
  while (!readdirSync(logs).includes("noisy.log.1") || life < 3) {
    life += 1;
    t.is(await ask("quiet"), `life ${life}`);
    await world.stop("quiet");
    t.is(await ask("noisy"), "life 1");
  }
  const bytes = readdirSync(logs).map((name) => statSync(join(logs, name)).size);
  t.true(bytes.reduce((sum, size) => sum + size, 0) < logBytesMax);
  await world.stop("noisy");
  await client.finish();
});
