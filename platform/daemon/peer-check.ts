import type { Socket } from "node:net";
import { ImError } from "../errors/im-error.js";

/** Effective user of the process at the other end; null where that cannot be told. */
export type PeerUser = (socket: Socket) => number | null;

/**
 * The descriptor of a socket is no public part of Node. Where it cannot be reached, the modes of
 * the socket and its directory keep others out alone.
 */
export function peerUserOf(credentials: (descriptor: number) => { uid: number }): PeerUser {
  return (socket) => {
    const handle: unknown = Reflect.get(socket, "_handle");
    if (typeof handle !== "object" || handle === null) return null;
    const descriptor: unknown = Reflect.get(handle, "fd");
    if (typeof descriptor !== "number" || descriptor < 0) return null;
    return credentials(descriptor).uid;
  };
}

export function isTrustedUser(peer: number | null, own: number): boolean {
  return peer === null || peer === own || peer === 0;
}

/** Whoever serves a socket of ours is told secrets and believed: it must be us, or root. */
export function requireTrustedServer(peer: number | null, own: number): void {
  if (isTrustedUser(peer, own)) return;
  throw new ImError("IM_DIRECTORY_UNSAFE", {
    what: "another user serves the daemon's socket",
    expected: `user ${own}`,
    received: `user ${peer}`,
    fix: "set IM_HOME to a directory of your own",
  });
}
