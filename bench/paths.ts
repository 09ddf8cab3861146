import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const im = join(root, "bin/im.mjs");
export const echo = join(root, "build/fixtures/bench/echo");
export const client = join(root, "build/fixtures/bench/client");
/** A web server of four lines, for Node. */
export const nodeServer = join(root, "bench/programs/server.mjs");
