/**
 * Control messages between the shim and the supervisor, as laid out in `shim/src/protocol.h`.
 * Little-endian, fixed size; addresses are numbers in host order (127.64.0.12 is 0x7f40000c).
 */
export const protocolMagic = 0x314d4931;
export const requestBytes = 24;
export const replyBytes = 16;

export const requestTypes = { connect: 1, bind: 2, listen: 3, close: 4, table: 5 } as const;
export type RequestType = keyof typeof requestTypes;

const flagBits = { nonblocking: 1, ipv6: 2, reusePort: 4, handedOver: 8 } as const;
const socketTypes = { tcp: 1, udp: 2 } as const;
const actions = { native: 0, handover: 1 } as const;

export interface ControlRequest {
  readonly type: RequestType;
  readonly nonblocking: boolean;
  readonly ipv6: boolean;
  readonly reusePort: boolean;
  readonly handedOver: boolean;
  readonly address: number;
  readonly port: number;
  /** `tcp` is SOCK_STREAM (1), `udp` SOCK_DGRAM (2); `connect` and `table` are always `tcp`. */
  readonly protocol: keyof typeof socketTypes;
  readonly pid: number;
}

export interface ControlReply {
  /** 0, or a positive errno. */
  readonly error: number;
  readonly action: keyof typeof actions;
  readonly address: number;
  readonly port: number;
}

const typeNames = new Map<number, RequestType>(
  (Object.keys(requestTypes) as RequestType[]).map((name) => [requestTypes[name], name]),
);

const protocols = new Map<number, ControlRequest["protocol"]>([
  [socketTypes.tcp, "tcp"],
  [socketTypes.udp, "udp"],
]);

/** Returns null for anything that is not exactly one request: such a message is dropped. */
export function decodeRequest(packet: Buffer): ControlRequest | null {
  if (packet.length !== requestBytes || packet.readUInt32LE(0) !== protocolMagic) return null;
  const type = typeNames.get(packet.readUInt16LE(4));
  if (type === undefined) return null;
  const flags = packet.readUInt16LE(6);
  const protocol = protocols.get(packet.readUInt16LE(14));
  if (protocol === undefined) return null;
  return {
    type,
    nonblocking: (flags & flagBits.nonblocking) !== 0,
    ipv6: (flags & flagBits.ipv6) !== 0,
    reusePort: (flags & flagBits.reusePort) !== 0,
    handedOver: (flags & flagBits.handedOver) !== 0,
    address: packet.readUInt32LE(8),
    port: packet.readUInt16LE(12),
    protocol,
    pid: packet.readUInt32LE(16),
  };
}

export function encodeRequest(request: ControlRequest): Buffer {
  const packet = Buffer.alloc(requestBytes);
  const flags =
    (request.nonblocking ? flagBits.nonblocking : 0) |
    (request.ipv6 ? flagBits.ipv6 : 0) |
    (request.reusePort ? flagBits.reusePort : 0) |
    (request.handedOver ? flagBits.handedOver : 0);
  packet.writeUInt32LE(protocolMagic, 0);
  packet.writeUInt16LE(requestTypes[request.type], 4);
  packet.writeUInt16LE(flags, 6);
  packet.writeUInt32LE(request.address, 8);
  packet.writeUInt16LE(request.port, 12);
  packet.writeUInt16LE(socketTypes[request.protocol], 14);
  packet.writeUInt32LE(request.pid, 16);
  return packet;
}

export function encodeReply(reply: ControlReply): Buffer {
  const packet = Buffer.alloc(replyBytes);
  packet.writeUInt32LE(protocolMagic, 0);
  packet.writeInt32LE(reply.error, 4);
  packet.writeUInt32LE(reply.address, 8);
  packet.writeUInt16LE(reply.port, 12);
  packet.writeUInt16LE(actions[reply.action], 14);
  return packet;
}
