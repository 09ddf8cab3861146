import { closeSync, constants, fstatSync, openSync, statSync, unlinkSync } from "node:fs";

export interface DaemonLock {
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
    if (leadsTo(file, descriptor)) {
      return {
        release() {
          unlinkSync(file);
          closeSync(descriptor);
        },
      };
    }
    closeSync(descriptor);
  }
}

function leadsTo(file: string, descriptor: number): boolean {
  const path = statSync(file, { throwIfNoEntry: false });
  const locked = fstatSync(descriptor);
  return path !== undefined && path.ino === locked.ino && path.dev === locked.dev;
}
