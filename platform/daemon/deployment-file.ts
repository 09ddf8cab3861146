/** What is on disk of a deployment while it is deployed: what it was given, and its manifest. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest } from "../manifest/manifest.js";
import type { Assignment } from "../network/assignment.js";

export interface StoredDeployment {
  readonly version: 1;
  /** Random, fresh for each first deploy: membership items are keyed by it. */
  readonly deployId: string;
  readonly cloud: "local" | "aws";
  /** ISO. */
  readonly since: string;
  /** Number of the address block. */
  readonly block: number;
  readonly assignment: Assignment;
  readonly manifest: Manifest;
}

export class DeploymentFile {
  readonly directory: string;
  readonly #path: string;

  constructor(home: string, deployment: string) {
    this.directory = join(home, "deployments", deployment);
    this.#path = join(this.directory, "deployment.json");
  }

  get logDirectory(): string {
    return join(this.directory, "logs");
  }

  logFile(host: string): string {
    return join(this.logDirectory, `${host}.log`);
  }

  /** Whole or not at all: the manifest may hold secrets, so nobody else may read it. */
  write(stored: StoredDeployment): void {
    mkdirSync(this.logDirectory, { recursive: true, mode: 0o700 });
    const temporary = `${this.#path}.new`;
    writeFileSync(temporary, `${JSON.stringify(stored)}\n`, { mode: 0o600, flush: true });
    renameSync(temporary, this.#path);
  }

  /** The logs stay. */
  remove(): void {
    rmSync(this.#path, { force: true });
  }
}
