/** Run by root, the process of this file's tests becomes somebody without any privilege. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const nobody = 65_534;
const command = fileURLToPath(new URL("../../../bin/im.mjs", import.meta.url));

/** False for a checkout below root's home, or a Node that only root may run. */
export function becomeUnprivileged(): boolean {
  if (process.getuid?.() !== 0) return true;
  const user = { uid: nobody, gid: nobody, cwd: "/" };
  if (spawnSync(process.execPath, [command, "--version"], user).status !== 0) return false;
  process.setgroups?.([]);
  process.setgid?.(nobody);
  process.setuid?.(nobody);
  return true;
}
