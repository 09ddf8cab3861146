/**
 * The directory of one environment, `environments/<id>`: its record, what it printed, and its
 * `/tmp`; and the socket of its Runtime API, which needs a shorter path.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../platform/ports/clock.js";
import type { Log } from "../../platform/ports/log.js";
import { EnvironmentOutput } from "./environment-output.js";
import { type EnvironmentRecord, environmentRecord } from "./environment-record.js";
import type { Inheritance } from "./kept-directories.js";
import { isShortage, whenPossible } from "./shortage.js";

const recordName = "environment.json";
const outputName = "output.log";
const temporaryName = "tmp";

export interface EnvironmentPlaces {
  readonly clock: Clock;
  readonly log: Log;
  readonly runtimeDirectory: string;
  readonly environmentsDirectory: string;
}

export class EnvironmentFiles {
  readonly directory: string;
  readonly apiSocket: string;
  readonly temporaryDirectory: string;
  output: EnvironmentOutput;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(
    readonly id: string,
    { clock, log, runtimeDirectory, environmentsDirectory }: EnvironmentPlaces,
  ) {
    this.clock = clock;
    this.log = log;
    this.directory = join(environmentsDirectory, id);
    this.apiSocket = join(runtimeDirectory, `${id}.sock`);
    this.temporaryDirectory = join(this.directory, temporaryName);
    this.output = new EnvironmentOutput(join(this.directory, outputName));
  }

  /** Everything new, but for the `/tmp` of one that was reset. */
  async make(inheritance: Inheritance | null): Promise<void> {
    if (inheritance === null) {
      await mkdir(this.temporaryDirectory, { recursive: true, mode: 0o700 });
      return;
    }
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await rename(join(inheritance.directory, temporaryName), this.temporaryDirectory);
    await rm(inheritance.directory, { recursive: true, force: true });
  }

  get forProcesses() {
    const { id, apiSocket, temporaryDirectory, output } = this;
    return { environmentId: id, apiSocket, temporaryDirectory, output };
  }

  /** `taken`: what an earlier engine had taken of the output. */
  adopt(taken: number): void {
    this.output = new EnvironmentOutput(join(this.directory, outputName), taken);
  }

  /** Written whole or not at all; a failure is logged: what it costs is an adoption. */
  write(record: EnvironmentRecord): void {
    const path = join(this.directory, recordName);
    try {
      // Variables may be secrets.
      writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch (error) {
      const reason = String(error);
      this.log.warn({ environment: this.id, error: reason }, "environment cannot be recorded");
    }
  }

  /** In one turn: an engine that dies now finds the record, or nothing to adopt. */
  remove(): Promise<void> {
    const options = { recursive: true, force: true };
    return whenPossible(this.clock, () => rmSync(this.directory, options));
  }

  /** All but `/tmp`. */
  removeRecord(): void {
    rmSync(join(this.directory, recordName), { force: true });
    rmSync(join(this.directory, outputName), { force: true });
  }

  removeSocket(): Promise<void> {
    return rm(this.apiSocket, { force: true });
  }

  removeTemporary(): Promise<void> {
    const options = { recursive: true, force: true };
    return whenPossible(this.clock, () => rm(this.temporaryDirectory, options));
  }
}

/** null: there is none, or none that can be read. */
export function readEnvironmentRecord(
  directory: string,
  id: string,
  log: Log,
): EnvironmentRecord | null {
  try {
    const text = readFileSync(join(directory, id, recordName), "utf8");
    const record = environmentRecord.parse(JSON.parse(text));
    return record.id === id ? record : null;
  } catch (error) {
    if (isShortage(error)) throw error;
    log.warn({ environment: id, error: String(error) }, "environment was left without a record");
    return null;
  }
}
