/** `im wake`, `im suspend` and `im stop`: hosts by hand. */
import type { DaemonClient } from "../../daemon/client.js";
import { type TargetOptions, withDeployment } from "../session.js";
import type { Terminal } from "../terminal.js";

export function wake(terminal: Terminal, hosts: readonly string[], options: TargetOptions) {
  return forEachHost(hosts, options, async (client, deployment, host) => {
    const beganMs = performance.now();
    await client.wake(deployment, host);
    terminal.write(`${host}: running (${Math.round(performance.now() - beganMs)} ms)\n`);
  });
}

export function suspend(terminal: Terminal, hosts: readonly string[], options: TargetOptions) {
  return forEachHost(hosts, options, async (client, deployment, host) => {
    const beganMs = performance.now();
    await client.suspend(deployment, host);
    terminal.write(`${host}: suspended (${Math.round(performance.now() - beganMs)} ms)\n`);
  });
}

export function stop(terminal: Terminal, hosts: readonly string[], options: TargetOptions) {
  return forEachHost(hosts, options, async (client, deployment, host) => {
    await client.stop(deployment, host);
    terminal.write(`${host}: imaginary\n`);
  });
}

/** All at once; one that fails does not keep the others from being done. */
async function forEachHost(
  hosts: readonly string[],
  options: TargetOptions,
  work: (client: DaemonClient, deployment: string, host: string) => Promise<void>,
): Promise<void> {
  await withDeployment(options, async (client, deployment) => {
    const each = [...new Set(hosts)].map((host) => work(client, deployment, host));
    const results = await Promise.allSettled(each);
    const failures = results.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures);
  });
}
