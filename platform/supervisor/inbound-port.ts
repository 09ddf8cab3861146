import type { Connection } from "../ports/sensor.js";

/**
 * Whether a connection came to the host: its port is one that is held for it. A port that only the
 * guest knows of tells less; there the lower of the two numbers is the listener's, as ever.
 */
export function inboundPort(
  { port, peerPort }: Connection,
  serves: (port: number) => boolean,
): boolean {
  return serves(port) || port < peerPort;
}
