/** When the killing is over, every host must answer again, without anybody's help. */
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { SoakHost } from "./hosts.js";

/** The longest back-off, and a boot. */
const recoveryMsMax = 90_000;
const againMs = 500;
const requests = { line: "who\n", http: "GET /life HTTP/1.0\r\n\r\n", redis: "PING\r\n" } as const;

/** Returns the hosts that never answered. */
export async function findLost(
  hosts: readonly SoakHost[],
  addresses: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const answers = hosts.map(async (host) =>
    (await answersAgain(host, addresses.get(host.name) ?? "")) ? [] : [host.name],
  );
  return (await Promise.all(answers)).flat();
}

async function answersAgain(host: SoakHost, address: string): Promise<boolean> {
  const untilMs = performance.now() + recoveryMsMax;
  while (performance.now() < untilMs) {
    if (await answers(host, address, untilMs - performance.now())) return true;
    await pause(againMs);
  }
  return false;
}

function answers(host: SoakHost, address: string, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: host.port });
    const end = (answered: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answered);
    };
    const timer = setTimeout(() => end(false), withinMs);
    socket.once("connect", () => socket.write(requests[host.dialect]));
    socket.once("data", () => end(true));
    socket.once("error", () => end(false));
    socket.once("end", () => end(false));
  });
}
