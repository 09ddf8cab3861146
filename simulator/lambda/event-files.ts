import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Log } from "../../platform/ports/log.js";
import { isShortage } from "./shortage.js";

const base64 = z.codec(z.base64(), z.instanceof(Buffer), {
  decode: (text) => Buffer.from(text, "base64"),
  encode: (bytes) => bytes.toString("base64"),
});

const asyncEvent = z.object({
  /** Names the file. */
  requestId: z.string().regex(/^[0-9A-Za-z-]+$/),
  functionName: z.string(),
  tenantId: z.string().nullable(),
  payload: base64,
  /** Wall clock. */
  acceptedAtMs: z.number(),
  /** How often it has failed. */
  failures: z.int().nonnegative(),
});
export type AsyncEvent = z.infer<typeof asyncEvent>;

const newSuffix = ".new";

/**
 * Events that were accepted and are not settled yet, a JSON file each. An event that cannot be
 * written (the disk is full) is handled all the same, and lost only if the engine dies before.
 */
export class EventFiles {
  constructor(
    private readonly directory: string,
    private readonly log: Log,
  ) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // An engine was killed before the rename: what stood there before is still whole.
    const unfinished = readdirSync(directory).filter((name) => name.endsWith(newSuffix));
    for (const name of unfinished) rmSync(join(directory, name), { force: true });
  }

  /** The oldest first. */
  list(): readonly AsyncEvent[] {
    const names = readdirSync(this.directory).filter((name) => name.endsWith(".json"));
    const events = names.flatMap((name) => this.#read(join(this.directory, name)));
    return events.sort((a, b) => a.acceptedAtMs - b.acceptedAtMs);
  }

  put(event: AsyncEvent): void {
    const path = this.#path(event.requestId);
    try {
      // Payloads may hold secrets; the rename keeps a half-written file from ever being found.
      writeFileSync(`${path}${newSuffix}`, JSON.stringify(z.encode(asyncEvent, event)), {
        mode: 0o600,
      });
      renameSync(`${path}${newSuffix}`, path);
    } catch (error) {
      this.log.warn({ path, error: String(error) }, "an accepted event cannot be kept on disk");
    }
  }

  delete(requestId: string): void {
    rmSync(this.#path(requestId), { force: true });
    rmSync(`${this.#path(requestId)}${newSuffix}`, { force: true });
  }

  #read(path: string): readonly AsyncEvent[] {
    try {
      return [z.decode(asyncEvent, JSON.parse(readFileSync(path, "utf8")))];
    } catch (error) {
      if (isShortage(error)) throw error;
      this.log.warn({ path, error: String(error) }, "an accepted event is unreadable and dropped");
      rmSync(path, { force: true });
      return [];
    }
  }

  #path(requestId: string): string {
    return join(this.directory, `${requestId}.json`);
  }
}
