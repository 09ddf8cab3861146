import { readdirSync } from "node:fs";
import net from "node:net";

/** An address of this test process alone, outside the overlay (127.64.0.0/10). Host order. */
export function ownAddress(): number {
  return 0x7f800000 + (process.pid & 0x3fffff) + 1;
}

export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** Resolves when the kernel has completed the connection, into a queue perhaps. */
export function connect(address: number, port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, dotted(address));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

/** Resolves with the error's code, or "end", when the connection is over. */
export function over(socket: net.Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once("end", () => resolve("end"));
    socket.resume();
  });
}

export function openDescriptors(): readonly string[] {
  return readdirSync("/proc/self/fd");
}
