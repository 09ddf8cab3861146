/** What the daemon's own process costs, under the names that every client of Prometheus uses. */
import { readdirSync } from "node:fs";
import type { Metric } from "./exposition.js";

export function processMetrics(): readonly Metric[] {
  const { user, system } = process.cpuUsage();
  return [
    {
      name: "process_cpu_seconds_total",
      type: "counter",
      help: "Processor time of the daemon, its environments excepted.",
      samples: [{ value: (user + system) / 1e6 }],
    },
    {
      name: "process_resident_memory_bytes",
      type: "gauge",
      help: "Resident memory of the daemon.",
      samples: [{ value: process.memoryUsage.rss() }],
    },
    {
      name: "process_open_fds",
      type: "gauge",
      help: "Descriptors that the daemon has open, placeholders among them.",
      // Reading the directory opens one more.
      samples: [{ value: readdirSync("/proc/self/fd").length - 1 }],
    },
  ];
}

export function buildInfo(version: string): Metric {
  return {
    name: "im_build_info",
    type: "gauge",
    help: "Always 1; the labels tell the versions.",
    samples: [{ labels: { version, node: process.version }, value: 1 }],
  };
}
