/** The name table as a file that shims map: see `shim/src/protocol.h` for slots and generation. */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import type { NameTable, NameTableEntry } from "../ports/name-table.js";
import {
  encodeHeader,
  encodeSlot,
  headerAt,
  headerBytes,
  readLayout,
  type SlotPlace,
  type TableLayout,
} from "./name-table.js";

interface Region {
  offset: number;
  capacity: number;
}

export interface NameTableOptions {
  readonly path: string;
  readonly deployment: string;
  readonly blockBase: number;
  readonly blockSize: number;
}

interface OpenTable extends TableLayout {
  readonly file: number;
  readonly fileBytes: number;
}

const statesOffset = headerBytes;

export class NameTableFile implements NameTable {
  readonly path: string;
  readonly descriptor: number;
  readonly #file: number;
  readonly #blockBase: number;
  readonly #regions: [Region, Region];
  #end: number;
  #generation: number;

  /**
   * A table of this deployment that is there already goes on as it is: guests have it mapped.
   * Anything else at the path is replaced.
   */
  constructor(options: NameTableOptions) {
    const table = openExisting(options) ?? createEmpty(options);
    this.path = options.path;
    this.#blockBase = options.blockBase;
    this.#file = table.file;
    this.descriptor = openSync(options.path, constants.O_RDONLY);
    this.#end = table.fileBytes;
    this.#generation = table.generation;
    const [first, second] = table.slots;
    this.#regions = [
      regionOf(first, second, table.fileBytes),
      regionOf(second, first, table.fileBytes),
    ];
    if (this.#generation === 0) this.publish([]);
  }

  /** For a deployment that begins: what is at the path is an earlier one's. */
  static create(options: NameTableOptions): NameTableFile {
    rmSync(options.path, { force: true });
    return new NameTableFile(options);
  }

  publish(entries: readonly NameTableEntry[]): void {
    const slot = encodeSlot(entries);
    const next = nextGeneration(this.#generation);
    const region = this.#regions[next & 1 ? 1 : 0];
    if (slot.length > region.capacity) {
      region.offset = this.#end;
      region.capacity = alignUp(slot.length);
      this.#end += region.capacity;
      ftruncateSync(this.#file, this.#end);
    }
    writeWhole(this.#file, slot, region.offset);
    const reference = Buffer.alloc(16);
    reference.writeBigUInt64LE(BigInt(region.offset), 0);
    reference.writeBigUInt64LE(BigInt(slot.length), 8);
    writeSync(this.#file, reference, 0, 16, headerAt.slots + (next & 1) * 16);
    this.#generation = next;
    this.#writeWord(headerAt.generation, next);
  }

  setRunning(address: number, running: boolean): void {
    this.#writeWord(statesOffset + (address - this.#blockBase) * 4, running ? 1 : 0);
  }

  close(): void {
    closeSync(this.descriptor);
    closeSync(this.#file);
    unlinkSync(this.path);
  }

  #writeWord(offset: number, value: number): void {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(value);
    writeSync(this.#file, word, 0, 4, offset);
  }
}

/** null: there is none, or it is not this deployment's, or no reader could have used it. */
function openExisting(options: NameTableOptions): OpenTable | null {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW;
  let file: number;
  try {
    file = openSync(options.path, flags);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "ENOENT" || code === "ELOOP" || code === "EISDIR") return null;
    throw error;
  }
  const bytes = Buffer.alloc(headerBytes);
  const fileBytes = fstatSync(file).size;
  const complete = readSync(file, bytes, 0, headerBytes, 0) === headerBytes;
  const layout = complete ? readLayout(bytes, { ...options, statesOffset }, fileBytes) : null;
  if (layout !== null) return { ...layout, file, fileBytes };
  closeSync(file);
  return null;
}

/** Appears at the path when it is complete; generation 0: nothing is published so far. */
function createEmpty(options: NameTableOptions): OpenTable {
  const temporary = `${options.path}.new`;
  const file = openSync(temporary, "w+", 0o600);
  const fileBytes = statesOffset + options.blockSize * 4;
  // The states are all 0, nothing is running, and written: a hole that a guest reads while the disk
  // is full would end it with SIGBUS.
  const table = Buffer.alloc(fileBytes);
  encodeHeader({ ...options, statesOffset }).copy(table);
  try {
    writeWhole(file, table, 0);
  } catch (error) {
    closeSync(file);
    rmSync(temporary, { force: true });
    throw error;
  }
  renameSync(temporary, options.path);
  return { file, fileBytes, generation: 0, slots: [null, null] };
}

/** A disk that is almost full takes a part: the rest is tried again, and throws ENOSPC. */
function writeWhole(file: number, bytes: Buffer, offset: number): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(file, bytes, written, bytes.length - written, offset + written);
  }
}

/** What a slot may grow into: up to the other one, or to the end of the file. */
function regionOf(own: SlotPlace | null, other: SlotPlace | null, fileBytes: number): Region {
  if (own === null) return { offset: fileBytes, capacity: 0 };
  const end = other !== null && other.offset > own.offset ? other.offset : fileBytes;
  return { offset: own.offset, capacity: end - own.offset };
}

/** 0 stays what a table without any slot has. */
function nextGeneration(generation: number): number {
  const next = (generation + 1) >>> 0;
  return next === 0 ? 2 : next;
}

/** Room to grow: a slot that is a little larger next time stays where it is. */
function alignUp(bytes: number): number {
  return Math.ceil((bytes + bytes / 4) / 4096) * 4096;
}
