/** The bytes of the name table, as `shim/src/protocol.h` lays them out. */
import type { NameTableEntry } from "../ports/name-table.js";

export const tableMagic = 0x31544d49;
export const tableVersion = 1;
export const headerBytes = 4096;
/** Offsets in the header. */
export const headerAt = {
  magic: 0,
  version: 4,
  generation: 8,
  blockBase: 12,
  blockSize: 16,
  statesOffset: 24,
  slots: 32,
  deployment: 64,
} as const;

const slotHeaderBytes = 16;
const entryBytes = 16;
const portBytes = 8;
const protocolNumbers = { tcp: 6, udp: 17 } as const;

export interface TableHeader {
  readonly blockBase: number;
  readonly blockSize: number;
  readonly statesOffset: number;
  readonly deployment: string;
}

export function encodeHeader(header: TableHeader): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.writeUInt32LE(tableMagic, headerAt.magic);
  bytes.writeUInt32LE(tableVersion, headerAt.version);
  bytes.writeUInt32LE(header.blockBase, headerAt.blockBase);
  bytes.writeUInt32LE(header.blockSize, headerAt.blockSize);
  bytes.writeBigUInt64LE(BigInt(header.statesOffset), headerAt.statesOffset);
  bytes.write(header.deployment.slice(0, 63), headerAt.deployment, "latin1");
  return bytes;
}

/** One slot: entries sorted by address, an index by name, ports and names behind them. */
export function encodeSlot(unsorted: readonly NameTableEntry[]): Buffer {
  const entries = [...unsorted].sort((a, b) => a.address - b.address);
  const hashSize = hashSizeFor(entries.length);
  const portCount = entries.reduce((sum, entry) => sum + entry.ports.length, 0);
  const nameBytes = entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.name), 0);
  const hashOffset = slotHeaderBytes + entries.length * entryBytes;
  const portsOffset = hashOffset + hashSize * 4;
  const namesOffset = portsOffset + portCount * portBytes;
  const slot = Buffer.alloc(namesOffset + nameBytes);
  slot.writeUInt32LE(entries.length, 0);
  slot.writeUInt32LE(slotHeaderBytes, 4);
  slot.writeUInt32LE(hashSize, 8);
  slot.writeUInt32LE(hashOffset, 12);
  let portAt = portsOffset;
  let nameAt = namesOffset;
  entries.forEach((entry, index) => {
    const at = slotHeaderBytes + index * entryBytes;
    const nameLength = slot.write(entry.name, nameAt, "latin1");
    slot.writeUInt32LE(entry.address, at);
    slot.writeUInt32LE(nameAt, at + 4);
    slot.writeUInt16LE(nameLength, at + 8);
    slot.writeUInt16LE(entry.ports.length, at + 10);
    slot.writeUInt32LE(portAt, at + 12);
    insertName(slot, { offset: hashOffset, size: hashSize }, entry.name, index);
    for (const port of entry.ports) {
      slot.writeUInt16LE(port.port, portAt);
      slot.writeUInt16LE(port.mapped, portAt + 2);
      slot.writeUInt16LE(protocolNumbers[port.protocol], portAt + 4);
      portAt += portBytes;
    }
    nameAt += nameLength;
  });
  return slot;
}

function insertName(
  slot: Buffer,
  hash: { readonly offset: number; readonly size: number },
  name: string,
  index: number,
): void {
  let place = nameHash(name) & (hash.size - 1);
  while (slot.readUInt32LE(hash.offset + place * 4) !== 0) place = (place + 1) & (hash.size - 1);
  slot.writeUInt32LE(index + 1, hash.offset + place * 4);
}

/** FNV-1a, 32 bits. */
export function nameHash(name: string): number {
  let hash = 2166136261;
  for (let index = 0; index < name.length; index += 1) {
    // The byte that latin1 has for it.
    hash = Math.imul(hash ^ (name.charCodeAt(index) & 255), 16777619) >>> 0;
  }
  return hash;
}

function hashSizeFor(entryCount: number): number {
  let size = 16;
  while (size < entryCount * 2) size *= 2;
  return size;
}

export interface SlotPlace {
  readonly offset: number;
  readonly length: number;
}

export interface TableLayout {
  readonly generation: number;
  /** null: nothing that a reader could use is there. */
  readonly slots: readonly [SlotPlace | null, SlotPlace | null];
}

/**
 * Where the slots of an existing table are; null: not the expected one, or its active slot is no
 * slot. Its writer may have been killed anywhere: only the slot that it was at can be wrong then.
 */
export function readLayout(
  header: Buffer,
  expected: TableHeader & { readonly blockSize: number },
  fileBytes: number,
): TableLayout | null {
  const wanted = encodeHeader(expected);
  for (const [from, to] of [
    [headerAt.magic, headerAt.generation],
    [headerAt.blockBase, headerAt.slots],
    [headerAt.deployment, headerAt.deployment + 64],
  ] as const) {
    if (!wanted.subarray(from, to).equals(header.subarray(from, to))) return null;
  }
  const generation = header.readUInt32LE(headerAt.generation);
  const lowest = expected.statesOffset + expected.blockSize * 4;
  const active = placeOf(header, generation & 1, lowest, fileBytes);
  if (generation === 0 || active === null) return null;
  const other = placeOf(header, (generation + 1) & 1, lowest, fileBytes);
  const spare = other !== null && overlap(active, other) ? null : other;
  return { generation, slots: generation & 1 ? [spare, active] : [active, spare] };
}

function placeOf(
  header: Buffer,
  slot: number,
  lowest: number,
  fileBytes: number,
): SlotPlace | null {
  const at = headerAt.slots + slot * 16;
  const offset = Number(header.readBigUInt64LE(at));
  const length = Number(header.readBigUInt64LE(at + 8));
  const fits = offset >= lowest && length >= slotHeaderBytes && offset + length <= fileBytes;
  return fits && offset % 4 === 0 ? { offset, length } : null;
}

function overlap(one: SlotPlace, other: SlotPlace): boolean {
  return one.offset < other.offset + other.length && other.offset < one.offset + one.length;
}
