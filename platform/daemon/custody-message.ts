/** The packets between daemon and keeper, as `shim/src/custody.h` lays them out. */

export const custodyTypes = {
  keep: 1,
  drop: 2,
  list: 3,
  quit: 4,
  kept: 5,
  end: 6,
  ready: 7,
} as const;
export type CustodyType = keyof typeof custodyTypes;

export interface CustodyMessage {
  readonly type: CustodyType;
  readonly label: string;
}

export const custodyMagic = 0x31434d49;
export const labelBytesMax = 120;
const headerBytes = 8;
export const messageBytes = headerBytes + labelBytesMax;

/** Throws RangeError where the label is too long. */
export function encodeMessage(type: CustodyType, label = ""): Buffer {
  const length = Buffer.byteLength(label);
  if (length > labelBytesMax) throw new RangeError(`a label of ${length} bytes`);
  const bytes = Buffer.alloc(messageBytes);
  bytes.writeUInt32LE(custodyMagic, 0);
  bytes.writeUInt16LE(custodyTypes[type], 4);
  bytes.writeUInt16LE(length, 6);
  bytes.write(label, headerBytes);
  return bytes;
}

/** null: not a message. */
export function decodeMessage(bytes: Buffer): CustodyMessage | null {
  if (bytes.length !== messageBytes || bytes.readUInt32LE(0) !== custodyMagic) return null;
  const number = bytes.readUInt16LE(4);
  const length = bytes.readUInt16LE(6);
  const found = Object.entries(custodyTypes).find(([, value]) => value === number);
  if (found === undefined || length > labelBytesMax) return null;
  const label = bytes.toString("utf8", headerBytes, headerBytes + length);
  return { type: found[0] as CustodyType, label };
}
