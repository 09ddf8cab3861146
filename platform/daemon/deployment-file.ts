/** What is kept of a deployment on disk, so that a later daemon finds it again. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Manifest } from "../manifest/manifest.js";
import type { Assignment } from "../network/assignment.js";
import { manifestDocument } from "./api.js";

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

const storedDeployment = z.strictObject({
  version: z.literal(1),
  deployId: z.string(),
  cloud: z.enum(["local", "aws"]),
  since: z.string(),
  block: z.int().nonnegative(),
  assignment: z.record(z.string(), z.int()),
  manifest: manifestDocument,
}) satisfies z.ZodType<StoredDeployment>;

export class DeploymentFile {
  readonly directory: string;
  readonly #path: string;

  constructor(home: string, deployment: string) {
    this.directory = join(home, "deployments", deployment);
    this.#path = join(this.directory, "deployment.json");
  }

  get eventsFile(): string {
    return join(this.directory, "events.ndjson");
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

  /** null: nothing is deployed under that name. A file that is not ours is an error. */
  read(): StoredDeployment | null {
    if (!existsSync(this.#path)) return null;
    return storedDeployment.parse(JSON.parse(readFileSync(this.#path, "utf8")));
  }

  /** The logs stay. */
  remove(): void {
    rmSync(this.#path, { force: true });
  }
}

/** Everything that was deployed when the last daemon of this home ended. */
export function storedDeployments(home: string): readonly StoredDeployment[] {
  const directory = join(home, "deployments");
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .map((name) => new DeploymentFile(home, name).read())
    .filter((stored) => stored !== null);
}
