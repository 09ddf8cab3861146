/** The processes of a host, killed as the machine does it when memory runs out. */
import type { World } from "../process/world.js";

/** All of them at once; nobody of ours has noticed yet when this returns. */
export async function killGuests(world: World, host: string): Promise<void> {
  const { pids } = await world.host(host);
  if (pids.length === 0) throw new Error(`${host} has no guest to kill`);
  // Stopped first: one that starts another meanwhile would leave it behind.
  for (const pid of pids) signal(pid, "SIGSTOP");
  for (const pid of pids) signal(pid, "SIGKILL");
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // Ended with its parent.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
