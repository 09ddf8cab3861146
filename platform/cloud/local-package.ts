import { packFunction } from "./function-package.js";

/**
 * Flags of Node. A host-runtime is frozen as soon as it is ready: what its helper threads had begun
 * would go on beside the boot that thaws it, so the garbage is collected before. It mostly waits,
 * and every host has one: its memory counts for more than its speed.
 */
const runtimeFlags = ["--expose-gc", "--optimize-for-size"];

/** The local cloud runs the host-runtime where it was built: its package only leads there. */
export function packLocalFunction(
  /** Absolute, as is the next. */
  nodePath: string,
  /** The host-runtime's `main.js`. */
  mainPath: string,
): Promise<Buffer> {
  const words = [nodePath, ...runtimeFlags, mainPath].map(quote);
  const script = `#!/bin/sh\nexec ${words.join(" ")}\n`;
  return packFunction([{ path: "bootstrap", content: Buffer.from(script), executable: true }]);
}

/** One word to the shell, whatever it holds. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
