import { packFunction } from "./function-package.js";

/** The local cloud runs the host-runtime where it was built: its package only leads there. */
export function packLocalFunction(
  /** Absolute, as is the next. */
  nodePath: string,
  /** The host-runtime's `main.js`. */
  mainPath: string,
): Promise<Buffer> {
  const script = `#!/bin/sh\nexec ${quote(nodePath)} ${quote(mainPath)}\n`;
  return packFunction([{ path: "bootstrap", content: Buffer.from(script), executable: true }]);
}

/** One word to the shell, whatever it holds. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
