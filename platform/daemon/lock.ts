import { closeSync, constants, fstatSync, openSync, rmSync, statSync } from "node:fs";

export interface DaemonLock {
  readonly descriptor: number;
  /** Removes the file, too: the next daemon makes its own. */
  release(): void;
}

/**
 * Takes the one lock of a home; null where another daemon has it. The kernel gives it up with the
 * process, however that ends. Because `release` removes the file, a lock counts only while the
 * path still leads to the very file that was locked.
 */
export function takeLock(
  file: string,
  tryLock: (descriptor: number) => boolean,
): DaemonLock | null {
  for (;;) {
    const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
    if (!tryLock(descriptor)) {
      closeSync(descriptor);
      return null;
    }
    if (leadsTo(file, descriptor)) return heldLock(file, descriptor);
    closeSync(descriptor);
  }
}

/** The lock that our keeper took before it executed us; null where it is no longer the home's. */
export function inheritLock(file: string, descriptor: number): DaemonLock | null {
  return leadsTo(file, descriptor) ? heldLock(file, descriptor) : null;
}

function heldLock(file: string, descriptor: number): DaemonLock {
  return {
    descriptor,
    release() {
      rmSync(file, { force: true });
      closeSync(descriptor);
    },
  };
}

function leadsTo(file: string, descriptor: number): boolean {
  const path = statSync(file, { throwIfNoEntry: false });
  const locked = fstatSync(descriptor);
  return path !== undefined && path.ino === locked.ino && path.dev === locked.dev;
}
