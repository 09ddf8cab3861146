/** Guests' own sockets, by pidfd_getfd, in one epoll a host: no polling, no descriptor each. */
import type { Addon } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";
import type { Guard, GuardSignal, Guards } from "../ports/guards.js";
import { guestsBelow } from "./guests-below.js";

export class SystemGuards implements Guards {
  readonly #addon: Addon;

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  arm(runtimePid: number, onSignal: (signal: GuardSignal) => void): Guard {
    const open = new Set<number>();
    const close = (): void => {
      for (const descriptor of open) this.#addon.close(descriptor);
      open.clear();
    };
    try {
      const { pids, vital } = guestsBelow(this.#addon, runtimePid);
      for (const pid of vital) {
        const pidfd = this.#addon.pidfdOpen(pid);
        open.add(pidfd);
        // A process that is frozen can be killed, and nobody in there could say so.
        this.#addon.watch(pidfd, () => onSignal({ type: "end", pid }));
      }
      const guard = this.#addon.guardSockets(pids);
      open.add(guard);
      this.#addon.watch(guard, () => {
        // 0: a socket that has no number.
        const id = this.#addon.guardFired(guard);
        onSignal({ type: "arrival", connectionId: id === 0 ? null : id });
      });
    } catch (error) {
      close();
      const what = "the guest's processes cannot be watched while it sleeps";
      throw new ImError("IM_GUARD_REFUSED", { what, cause: error });
    }
    return { close };
  }
}
