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

/** `keep` comes with a descriptor, and nothing else does. */
export interface CustodyOrder extends CustodyMessage {
  readonly descriptor: number | null;
}

export const custodyMagic = 0x31434d49;
export const labelBytesMax = 120;
/** Orders in one packet, at most. */
export const batchMax = 64;
const headerBytes = 8;
export const messageBytes = headerBytes + labelBytesMax;

/** One packet. Throws RangeError where a label is too long. */
export function encodeMessages(messages: readonly CustodyMessage[]): Buffer {
  const bytes = Buffer.alloc(messages.length * messageBytes);
  messages.forEach(({ type, label }, index) => {
    const length = Buffer.byteLength(label);
    if (length > labelBytesMax) throw new RangeError(`a label of ${length} bytes`);
    const at = index * messageBytes;
    bytes.writeUInt32LE(custodyMagic, at);
    bytes.writeUInt16LE(custodyTypes[type], at + 4);
    bytes.writeUInt16LE(length, at + 6);
    bytes.write(label, at + headerBytes);
  });
  return bytes;
}

export function encodeMessage(type: CustodyType, label = ""): Buffer {
  return encodeMessages([{ type, label }]);
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
