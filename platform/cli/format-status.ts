import type { DeploymentStatus, HostStatus } from "../daemon/service.js";
import { paintState } from "./format-event.js";
import { type Column, formatTable } from "./table.js";
import { paint, plain } from "./terminal.js";

const columns: readonly Column[] = [
  { title: "NAME" },
  { title: "STATE" },
  { title: "ADDRESS", rank: 5 },
  { title: "LISTEN", widthMin: 8, rank: 4 },
  { title: "INC", align: "right" },
  { title: "WAKES", align: "right", rank: 3 },
  { title: "PIDS", widthMin: 6, rank: 1 },
  { title: "MEMORY", align: "right", rank: 2 },
  { title: "IDLE", align: "right", rank: 6 },
  { title: "LAST WAKE", widthMin: 14, rank: 7 },
  { title: "ERROR", widthMin: 16 },
];
const stateColumn = 1;
const errorColumn = columns.length - 1;
const pidsShownMax = 3;

export interface StatusFormat {
  readonly columns: number | null;
  readonly coloured: boolean;
  /** Wall clock, ms since the epoch: times are told as ages. */
  readonly nowMs: number;
}

export function formatStatus(status: DeploymentStatus, format: StatusFormat): string {
  const { hosts, imaginary, unread } = status;
  const rows = hosts.map((host) => cells(host, format.nowMs));
  const table = formatTable(columns, rows, format.columns, (padded, row, column) => {
    const host = hosts[row];
    if (host !== undefined && column === stateColumn) {
      return paintState(padded, host.state, format.coloured);
    }
    const failed = column === errorColumn && padded.trim() !== "";
    return failed ? paint(padded, "red", format.coloured) : padded;
  });
  const note = unread === undefined ? "" : `${paint(plain(unread), "red", format.coloured)}\n`;
  if (imaginary === 0) return table + note;
  const what = unread === undefined ? "never real yet" : "not known yet";
  const more = `and ${imaginary} ${imaginary === 1 ? "host" : "hosts"} ${what}`;
  return `${table}${more}\n${note}`;
}

function cells(host: HostStatus, nowMs: number): readonly string[] {
  return [
    plain(host.name),
    host.state,
    host.address,
    formatListen(host),
    String(host.incarnation),
    String(host.wakes),
    formatPids(host.pids),
    host.memoryMb === null ? "-" : `${Math.round(host.memoryMb)} MB`,
    host.idleForMs === null ? "-" : formatSpan(host.idleForMs),
    formatLastWake(host.lastWake, nowMs),
    formatFailure(host.error, nowMs),
  ];
}

/** 80→34567: programs without the shim find it there. */
function formatListen({ listen, mapped }: HostStatus): string {
  const ports = listen.map((port) => {
    const bound = mapped?.[port];
    return bound === undefined ? String(port) : `${port}→${bound}`;
  });
  return ports.length === 0 ? "-" : plain(ports.join(","));
}

function formatPids(pids: readonly number[]): string {
  if (pids.length === 0) return "-";
  const shown = pids.slice(0, pidsShownMax).join(",");
  return pids.length > pidsShownMax ? `${shown},+${pids.length - pidsShownMax}` : shown;
}

function formatLastWake(wake: HostStatus["lastWake"], nowMs: number): string {
  if (wake === null) return "-";
  const port = wake.port === null ? "" : ` on ${wake.port}`;
  const took = wake.tookMs === null ? "" : `, took ${formatSpan(wake.tookMs)}`;
  return plain(`${wake.signal} by ${wake.by}${port}, ${age(wake.at, nowMs)}${took}`);
}

function formatFailure(error: HostStatus["error"], nowMs: number): string {
  if (error === null) return "";
  const retryMs = error.retryAt === null ? 0 : Date.parse(error.retryAt) - nowMs;
  const retry = retryMs > 0 ? ` (again in ${formatSpan(retryMs)})` : "";
  return plain(`${error.code}: ${error.message}${retry}`);
}

export function age(at: string, nowMs: number): string {
  const ms = nowMs - Date.parse(at);
  return Number.isNaN(ms) ? at : `${formatSpan(Math.max(0, ms))} ago`;
}

/** One unit is enough for a person: 84 ms, 12 s, 5 min, 3 h, 2 d. */
export function formatSpan(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 60) return `${seconds < 10 ? Number(seconds.toFixed(1)) : Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
