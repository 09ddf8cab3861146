/** Guests' own sockets, by pidfd_getfd, in one epoll a host: no polling, no descriptor each. */
import type { Addon } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";
import type { Guard, Guards } from "../ports/guards.js";
import { guestsBelow } from "./guests-below.js";

export class SystemGuards implements Guards {
  readonly #addon: Addon;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  arm(runtimePid: number, onSignal: (connectionId: number | null) => void): Guard {
    const guard = this.#guard(guestsBelow(this.#addon, runtimePid));
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
