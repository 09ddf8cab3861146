import { has } from "./peers.js";
import type { Run } from "./run.js";
import { type Calls, deployedCalls, nativeCalls } from "./system-calls.js";

const messages = 1000;

/** Proof, not measurement: the shim adds no system call to a message. */
export async function measureCalls(run: Run): Promise<void> {
  if (!has("strace")) {
    run.skipped.add("strace: system calls are not counted");
    return;
  }
  run.say("system calls of a conversation");
  const native = await nativeCalls(messages);
  const ours = await deployedCalls(run.home, messages);
  await run.home.down();
  const group = `system calls of ${messages} messages there and back`;
  for (const side of ["client", "server"] as const) {
    for (const [way, calls] of [
      ["native", native[side]],
      ["Imaginary Machines", ours[side]],
    ] as const) {
      for (const [call, count] of calls) {
        const name = `${side}, ${way}: ${call}`;
        run.facts.push({ group, name, value: count, unit: "calls" });
      }
    }
  }
  const added = surplus(ours.client, native.client) + surplus(ours.server, native.server);
  run.goals.push({
    what: `system calls added to ${messages} messages`,
    wanted: "0",
    measured: String(added),
  });
}

function surplus(more: Calls, less: Calls): number {
  const sum = (calls: Calls) => [...calls.values()].reduce((total, count) => total + count, 0);
  return sum(more) - sum(less);
}
