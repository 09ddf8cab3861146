/** A process that has no descriptor left. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

/**
 * Takes all that this process may open; the result gives them back. Between the two nothing may be
 * awaited: other tests run in this process, too.
 */
export function takeDescriptors(): () => void {
  const limits = readFileSync("/proc/self/limits", "latin1");
  const [, before = ""] = /^Max open files +(\w+)/m.exec(limits) ?? [];
  setLimit(String(readdirSync("/proc/self/fd").length + 16));
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch (error) {
    if (!String(error).includes("EMFILE")) throw error;
  }
  return () => {
    for (const descriptor of taken) closeSync(descriptor);
    setLimit(before);
  };
}

function setLimit(descriptors: string): void {
  const parameters = ["--pid", String(process.pid), `--nofile=${descriptors}:`];
  const { status } = spawnSync("prlimit", parameters);
  if (status !== 0) throw new Error(`prlimit ${parameters.join(" ")} failed`);
}
