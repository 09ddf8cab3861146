import type { ImError } from "../errors/im-error.js";
import type { HostChange } from "./host-history.js";

/** Every change of every host of a supervisor, for whoever listens or waits for one. */
export class HostChanges {
  readonly #listeners = new Set<(change: HostChange) => void>();
  /** Told the name of each host that is forgotten. */
  readonly #forgotten = new Set<(name: string) => void>();

  listen(listener: (change: HostChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(change: HostChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  /** No change of this host will come any more. */
  forget(name: string): void {
    for (const told of [...this.#forgotten]) told(name);
  }

  /** Resolves or rejects as `look` says of the host's changes; rejects when it is forgotten. */
  settled(
    name: string,
    look: (change: HostChange) => "done" | "waiting" | ImError,
    gone: () => ImError,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (): void => {
        end();
        this.#forgotten.delete(forgotten);
      };
      const forgotten = (which: string): void => {
        if (which !== name) return;
        finish();
        reject(gone());
      };
      const end = this.listen((change) => {
        if (change.host !== name) return;
        const seen = look(change);
        if (seen === "waiting") return;
        finish();
        if (seen === "done") resolve();
        else reject(seen);
      });
      this.#forgotten.add(forgotten);
    });
  }
}
