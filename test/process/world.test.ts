/** The harness itself: what it does not find, no other test here proves. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Program } from "./program.js";
import { needing } from "./requirements.js";
import { World } from "./world.js";

const listener = `
  const { createServer } = require("node:net");
  const server = createServer().listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

needing()("a process, its socket and a file that outlive im down are found", async (t) => {
  const world = await World.open();
  await world.deploy({ web: { command: ["sleep", "1000"] } });
  // Not the world's own child: that one would be ended with it.
  const stray = new Program([process.execPath, "-e", listener], world.environment);
  const port = await stray.line();
  mkdirSync(join(world.home, "deployments/shop"), { recursive: true });
  await world.write("home/deployments/shop/names", "");
  const { message } = await t.throwsAsync(world.close());
  t.regex(message, /^process \d+: .* -e /m);
  t.regex(message, new RegExp(`^socket 127.0.0.1:${port}$`, "m"));
  t.regex(message, /^file deployments\/shop\/names$/m);
  t.is(message.split("\n").length, 4, message);
  t.is((await stray.ended).signal, "SIGKILL");
});
