import { existsSync } from "node:fs";
import { type Addon, loadAddon, shimFiles } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";

/** A checkout in which the C parts were never built is the user's to mend. */
export function requireShim(): Addon {
  for (const file of Object.values(shimFiles)) {
    if (existsSync(file)) continue;
    throw new ImError("IM_NOT_BUILT", { what: "the C parts are not built", expected: file });
  }
  return loadAddon();
}
