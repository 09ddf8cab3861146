import type { StartReport } from "./api.js";

/** Tells whoever started this process, if anybody waits for it; one report, then no more. */
export function reportStart(report: StartReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) {
      resolve();
      return;
    }
    // Whoever waited may be gone by now (Ctrl-C): then there is nobody to tell.
    process.send(report, undefined, {}, () => {
      if (process.connected) process.disconnect();
      resolve();
    });
  });
}
