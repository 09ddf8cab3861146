import { noDeployment } from "../../daemon/not-there.js";
import { findDaemon, requireSameVersion, withClient } from "../session.js";
import type { Terminal } from "../terminal.js";

/** Of the whole node: every deployment of this IM_HOME. */
export async function metrics(terminal: Terminal): Promise<void> {
  const daemon = await findDaemon();
  if (daemon === null) throw noDeployment(null, []);
  requireSameVersion(daemon);
  await withClient(daemon.configuration, async (client) => {
    terminal.write(await client.metrics());
  });
}
