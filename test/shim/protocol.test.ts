import { execFileSync } from "node:child_process";
import test from "ava";
import { z } from "zod";
import {
  decodeRequest,
  encodeReply,
  encodeRequest,
  requestTypes,
} from "../../platform/protocol/control.js";
import { program } from "./guests.js";

const layout = z.strictObject({
  request: z.string(),
  other: z.string(),
  native: z.string(),
  handover: z.string(),
  types: z.array(z.int()),
  table: z.record(z.string(), z.int()),
});
const seen = layout.parse(JSON.parse(execFileSync(program("protocol"), { encoding: "utf8" })));

const request = {
  type: "bind",
  nonblocking: true,
  ipv6: false,
  reusePort: true,
  handedOver: false,
  address: 0x7f40000c,
  port: 8080,
  protocol: "tcp",
  pid: 4242,
} as const;
const other = {
  ...request,
  type: "listen",
  nonblocking: false,
  ipv6: true,
  reusePort: false,
  handedOver: true,
  address: 0,
  port: 0,
  protocol: "udp",
  pid: 0,
} as const;

test("both sides lay requests out in the same way", (t) => {
  t.is(encodeRequest(request).toString("hex"), seen.request);
  t.deepEqual(decodeRequest(Buffer.from(seen.request, "hex")), request);
  t.is(encodeRequest(other).toString("hex"), seen.other);
  t.deepEqual(decodeRequest(Buffer.from(seen.other, "hex")), other);
  t.deepEqual(Object.values(requestTypes), seen.types);
});

test("both sides lay replies out in the same way", (t) => {
  const native = { error: 111, action: "native", address: 0x7f40000d, port: 81 } as const;
  t.is(encodeReply(native).toString("hex"), seen.native);
  const handover = { error: 0, action: "handover", address: 0, port: 0 } as const;
  t.is(encodeReply(handover).toString("hex"), seen.handover);
});

test("the name table's layout is the one that writers were written for", (t) => {
  const expected = { header: 128, slots: 32, deployment: 64, entry: 16, port: 8 };
  let hash = 2166136261; // FNV-1a, as the writer in TypeScript does it
  for (const byte of Buffer.from("web")) hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  t.deepEqual(seen.table, { ...expected, hash });
});

test("anything but exactly one request is dropped", (t) => {
  const packet = Buffer.from(seen.request, "hex");
  t.is(decodeRequest(packet.subarray(1)), null);
  t.is(decodeRequest(Buffer.concat([packet, Buffer.alloc(1)])), null);
  packet.writeUInt16LE(99, 4);
  t.is(decodeRequest(packet), null);
});
