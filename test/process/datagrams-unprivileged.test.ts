/** No root is needed for a low port: run by root, this file's process becomes nobody. */
import { becomeUnprivileged } from "../programs/unprivileged-user.js";
import { onlyIf } from "./requirements.js";
import { built, fixture, World } from "./world.js";

onlyIf(becomeUnprivileged(), "a checkout that others may read")(
  "without privileges another port stands in for 53/udp, and nobody notices",
  async (t) => {
    const command = [built("datagrams"), "many", "53"];
    const world = await World.of(t, { dns: { command, listen: ["53/udp"] } });
    const { address, mapped } = await world.host("dns");
    t.truthy(mapped?.["53/udp"]);
    const ask = [process.execPath, fixture("datagrams.mjs"), "ask", "dns", "53", "hi"];
    const { stdout } = await world.startClient(...ask).finish();
    t.is(stdout, `life 1: hi from ${address}:53\n`);
    t.regex((await world.im("logs", "dns")).stdout, new RegExp(`bound ${address}:53\n`));
  },
);
