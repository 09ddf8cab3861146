import type { Socket } from "node:net";
import { peerUserOf, requireTrustedServer } from "./peer-check.js";
import { requireShim } from "./shim-files.js";

/** Throws where whoever serves the other end is not to be told anything. */
export type ServerCheck = (socket: Socket) => void;

/** For a socket that has just connected to the daemon. */
export const checkServer: ServerCheck = (socket) => {
  const addon = requireShim();
  const peerUser = peerUserOf((descriptor) => addon.peerCredentials(descriptor));
  requireTrustedServer(peerUser(socket), process.getuid?.() ?? 0);
};
