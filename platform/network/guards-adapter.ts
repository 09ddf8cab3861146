/** Guests' own sockets, by pidfd_getfd, in one epoll a host: no polling, no descriptor each. */
import { type Addon, processFields } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";
import type { Guard, Guards } from "../ports/guards.js";

export class SystemGuards implements Guards {
  readonly #addon: Addon;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  arm(runtimePid: number, onSignal: (connectionId: number | null) => void): Guard {
    const guard = this.#guard(guestsBelow(this.#addon.processTrees([runtimePid]), runtimePid));
    let open = true;
    this.#addon.watch(guard, () => {
      // 0: a socket that has no number.
      const connectionId = this.#addon.guardFired(guard);
      onSignal(connectionId === 0 ? null : connectionId);
    });
    return {
      close: () => {
        if (open) this.#addon.close(guard);
        open = false;
      },
    };
  }

  #guard(pids: readonly number[]): number {
    try {
      return this.#addon.guardSockets(pids);
    } catch (error) {
      const what = "the guest's sockets cannot be watched while it sleeps";
      throw new ImError("IM_GUARD_REFUSED", { what, cause: error });
    }
  }
}

/** All but the host-runtime and its child, im-init: they are ours. */
function guestsBelow(rows: Float64Array, runtimePid: number): readonly number[] {
  const guests: number[] = [];
  for (let at = 0; at < rows.length; at += processFields.length) {
    const [, pid = 0, , , parent = 0] = rows.subarray(at);
    if (pid !== runtimePid && parent !== runtimePid) guests.push(pid);
  }
  return guests;
}
