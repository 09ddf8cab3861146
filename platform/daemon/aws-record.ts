/** What is kept here of a deployment on AWS: that it is, and where. The rest AWS itself knows. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";

export interface AwsRecord {
  readonly deployment: string;
  readonly region: string;
  /** ARN of the functions' role. */
  readonly role: string;
  /** ISO. */
  readonly since: string;
}

const extension = ".json";

export class AwsRecords {
  readonly #directory: string;

  constructor(home: string) {
    this.#directory = join(home, "aws");
  }

  names(): readonly string[] {
    if (!existsSync(this.#directory)) return [];
    return readdirSync(this.#directory)
      .filter((file) => file.endsWith(extension))
      .map((file) => basename(file, extension));
  }

  /** null: nothing of that name was deployed to AWS from here. */
  read(deployment: string): AwsRecord | null {
    const path = this.#path(deployment);
    if (!existsSync(path)) return null;
    return decode(JSON.parse(readFileSync(path, "utf8")), path);
  }

  /** Whole or not at all. */
  write(record: AwsRecord): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const path = this.#path(record.deployment);
    writeFileSync(`${path}.new`, `${JSON.stringify(record)}\n`, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  }

  remove(deployment: string): void {
    rmSync(this.#path(deployment), { force: true });
  }

  #path(deployment: string): string {
    return join(this.#directory, `${deployment}${extension}`);
  }
}

/** By hand: `im run` reads these first, and must not wait for a library of schemas. */
function decode(document: unknown, path: string): AwsRecord {
  const fields: Partial<Record<keyof AwsRecord, unknown>> = Object(document);
  const { deployment, region, role, since } = fields;
  if (
    typeof deployment === "string" &&
    typeof region === "string" &&
    typeof role === "string" &&
    typeof since === "string"
  ) {
    return { deployment, region, role, since };
  }
  throw new Error(`${path} is not the record of a deployment on AWS`);
}
