import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import test, { type ExecutionContext } from "ava";

/** `test.serial`, skipped by name where the machine has no Python 3 to play the guest. */
export const withPython =
  spawnSync("python3", ["-c", "import socket; socket.send_fds"]).status === 0
    ? test.serial
    : test.serial.skip;

/** A Python program that says something when it is where it is wanted, and ends with its stdin. */
export async function python(t: ExecutionContext, source: string) {
  const child = spawn("python3", ["-c", source], { stdio: ["pipe", "pipe", "inherit"] });
  t.teardown(async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const lines = createInterface({ input: child.stdout });
  const [first] = await once(lines, "line");
  return { child, pid: child.pid as number, first: String(first), lines };
}
