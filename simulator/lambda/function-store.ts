import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../../platform/ports/log.js";
import { type FunctionRecord, functionRecord } from "./function-record.js";

/** Functions by name, each a JSON file of its own, so that a restart finds them. */
export class FunctionStore {
  readonly #records = new Map<string, FunctionRecord>();

  constructor(
    private readonly directory: string,
    log: Log,
  ) {
    for (const file of readdirSync(directory)) {
      const record = file.endsWith(".json") ? readRecord(join(directory, file), log) : null;
      if (record !== null) this.#records.set(record.name, record);
    }
  }

  get(name: string): FunctionRecord | null {
    return this.#records.get(name) ?? null;
  }

  /** In the order of their names. */
  list(): readonly FunctionRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  put(record: FunctionRecord): void {
    const path = this.#path(record.name);
    // Variables may be secrets; the rename keeps a half-written file from ever being found.
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    this.#records.set(record.name, record);
  }

  delete(name: string): void {
    rmSync(this.#path(name), { force: true });
    this.#records.delete(name);
  }

  #path(name: string): string {
    return join(this.directory, `${name}.json`);
  }
}

function readRecord(path: string, log: Log): FunctionRecord | null {
  try {
    return functionRecord.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    log.warn({ path, error: String(error) }, "function record is unreadable and left out");
    return null;
  }
}
