import type { HostState, LifecycleEvent } from "../daemon/service.js";
import { type Colour, paint, plain } from "./terminal.js";

const stateColours: Readonly<Record<HostState, Colour>> = {
  imaginary: "dim",
  allocating: "yellow",
  running: "green",
  suspending: "cyan",
  suspended: "cyan",
  resuming: "yellow",
  terminating: "yellow",
  failed: "red",
};

export function paintState(text: string, state: HostState, coloured: boolean): string {
  return paint(text, stateColours[state], coloured);
}

function wakeText({ wake }: LifecycleEvent): string {
  const { pid = null, port = null } = wake ?? {};
  return `${pid === null ? "" : ` (pid ${pid})`}${port === null ? "" : ` on ${port}`}`;
}

/** `time host inc from → to signal by tookMs`; what failed follows. */
export function formatEvent(event: LifecycleEvent, coloured: boolean): string {
  const { at, host, incarnation, from, to, signal, by, tookMs, error } = event;
  const words = [
    paint(at, "dim", coloured),
    paint(plain(host), "bold", coloured),
    String(incarnation),
    from,
    "→",
    paintState(to, to, coloured),
    `${plain(signal)} by ${plain(by)}${wakeText(event)}`,
    tookMs === null ? "-" : `${Math.round(tookMs)}ms`,
  ];
  if (error !== undefined) {
    words.push(paint(`${error.code}: ${plain(error.message)}`, "red", coloured));
  }
  return words.join(" ");
}
