import { readdirSync, readFileSync } from "node:fs";

const kilobytesInMegabyte = 1024;

/**
 * The most that the process and what it has started ever had in memory, MB: a sum of peaks
 * (`VmHWM`, proc(5)), so rather too much than too little. Of trees, not of orphans.
 */
export function peakMemoryMb(pid: number): number {
  let kilobytes = 0;
  const pids = new Set([pid]);
  // A set yields what is added while it is walked.
  for (const each of pids) {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readProcessFile(`${each}/status`));
    kilobytes += Number(peak?.[1] ?? 0);
    for (const child of childrenOf(each)) pids.add(child);
  }
  return Math.ceil(kilobytes / kilobytesInMegabyte);
}

/** The kernel's own list, by threads; empty where it keeps none (CONFIG_PROC_CHILDREN). */
function childrenOf(pid: number): readonly number[] {
  return threadsOf(pid).flatMap((thread) => {
    const line = readProcessFile(`${pid}/task/${thread}/children`);
    return line
      .split(" ")
      .filter((word) => word !== "")
      .map(Number);
  });
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has ended.
    return [];
  }
}

function readProcessFile(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "latin1");
  } catch {
    // It has ended.
    return "";
  }
}
