/** The name table as a file that shims map: see `shim/src/protocol.h` for slots and generation. */
import { closeSync, constants, ftruncateSync, openSync, unlinkSync, writeSync } from "node:fs";
import type { NameTable, NameTableEntry } from "../ports/name-table.js";
import { encodeHeader, encodeSlot, headerAt, headerBytes } from "./name-table.js";

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

export class NameTableFile implements NameTable {
  readonly path: string;
  readonly descriptor: number;
  readonly #file: number;
  readonly #blockBase: number;
  readonly #statesOffset = headerBytes;
  readonly #regions: [Region, Region];
  #end: number;
  #generation = 0;

  constructor(options: NameTableOptions) {
    this.path = options.path;
    this.#blockBase = options.blockBase;
    this.#file = openSync(options.path, "w+", 0o600);
    this.descriptor = openSync(options.path, constants.O_RDONLY);
    this.#end = this.#statesOffset + options.blockSize * 4;
    this.#regions = [
      { offset: this.#end, capacity: 0 },
      { offset: this.#end, capacity: 0 },
    ];
    // The states are a hole in the file: nothing is running.
    ftruncateSync(this.#file, this.#end);
    const header = encodeHeader({ ...options, statesOffset: this.#statesOffset });
    writeSync(this.#file, header, 0, header.length, 0);
    this.publish([]);
  }

  publish(entries: readonly NameTableEntry[]): void {
    const slot = encodeSlot(entries);
    const next = (this.#generation + 1) >>> 0;
    const region = this.#regions[next & 1 ? 1 : 0];
    if (slot.length > region.capacity) {
      region.offset = this.#end;
      region.capacity = alignUp(slot.length);
      this.#end += region.capacity;
      ftruncateSync(this.#file, this.#end);
    }
    writeSync(this.#file, slot, 0, slot.length, region.offset);
    const reference = Buffer.alloc(16);
    reference.writeBigUInt64LE(BigInt(region.offset), 0);
    reference.writeBigUInt64LE(BigInt(slot.length), 8);
    writeSync(this.#file, reference, 0, 16, headerAt.slots + (next & 1) * 16);
    this.#generation = next;
    this.#writeWord(headerAt.generation, next);
  }

  setRunning(address: number, running: boolean): void {
    this.#writeWord(this.#statesOffset + (address - this.#blockBase) * 4, running ? 1 : 0);
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

/** Room to grow: a slot that is a little larger next time stays where it is. */
function alignUp(bytes: number): number {
  return Math.ceil((bytes + bytes / 4) / 4096) * 4096;
}
