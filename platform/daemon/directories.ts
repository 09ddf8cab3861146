/** The two directories of a daemon: its home (kept) and its runtime directory (sockets). */
import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { ImError } from "../errors/im-error.js";

/** Creates IM_HOME if need be, and refuses one that somebody else could write to. */
export function prepareHome(path: string, uid: number): void {
  createWithParents(path);
  const status = lstatSync(path);
  if (!status.isDirectory()) throw unsafe(path, "a directory", "something else");
  requireOwner(path, status, uid);
  if ((status.mode & 0o022) !== 0) {
    throw unsafe(path, "a directory that only you can write to", modeText(status));
  }
}

/**
 * Creates the runtime directory, mode 0700. One that is already there is taken only if nobody else
 * can have made it: /tmp is everybody's, and whoever owns the directory owns the sockets in it.
 */
export function prepareRuntimeDirectory(path: string, uid: number): void {
  create(path);
  checkRuntimeDirectory(path, lstatSync(path), uid);
}

/** Refuses a home that is somebody else's; one that is not there is fine. */
export function checkHome(path: string, uid: number): void {
  let status: Stats | undefined;
  try {
    status = lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "EACCES") throw error;
    throw foreign(path, "a directory that you may enter", error.message);
  }
  if (status !== undefined) requireOwner(path, status, uid);
}

/**
 * Whether the runtime directory is there. Throws where it is one that `prepareRuntimeDirectory`
 * would refuse: what listens in it may be anybody's.
 */
export function hasRuntimeDirectory(path: string, uid: number): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return false;
  checkRuntimeDirectory(path, status, uid);
  return true;
}

function checkRuntimeDirectory(path: string, status: Stats, uid: number): void {
  requireOwner(path, status, uid);
  if (status.isSymbolicLink()) throw unsafe(path, "a directory", "a symbolic link");
  if (!status.isDirectory()) throw unsafe(path, "a directory", "something else");
  if ((status.mode & 0o077) !== 0) throw unsafe(path, "mode 0700", modeText(status));
}

export function removeRuntimeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** Not `recursive: true` of mkdir: Node never comes back from that below /proc. */
function createWithParents(path: string): void {
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) createWithParents(parent);
  create(path);
}

function create(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
    // An unusual umask may have taken bits away from the owner.
    chmodSync(path, 0o700);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return;
    throw new ImError("IM_DIRECTORY_UNSAFE", {
      what: `cannot create ${path}`,
      received: error instanceof Error ? error.message : String(error),
      fix: "make it possible, or set IM_HOME to another directory",
      cause: error,
    });
  }
}

function requireOwner(path: string, status: Stats, uid: number): void {
  if (status.uid !== uid) throw foreign(path, `owned by user ${uid}`, `owned by ${status.uid}`);
}

function modeText(status: Stats): string {
  return `mode 0${(status.mode & 0o777).toString(8)}`;
}

function unsafe(path: string, expected: string, received: string): ImError {
  return new ImError("IM_DIRECTORY_UNSAFE", {
    what: `${path} cannot be trusted with sockets and state`,
    expected,
    received,
  });
}

/** Not ours to remove. */
function foreign(path: string, expected: string, received: string): ImError {
  const fix = "set IM_HOME to a directory of your own";
  return new ImError("IM_DIRECTORY_UNSAFE", { ...unsafe(path, expected, received).details, fix });
}
