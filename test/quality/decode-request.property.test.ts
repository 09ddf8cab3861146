/** What guests say to the supervisor: whatever it is, it is one of five requests, or nothing. */
import test from "ava";
import fc from "fast-check";
import {
  type ControlRequest,
  decodeRequest,
  encodeRequest,
  requestBytes,
  requestTypes,
} from "../../platform/protocol/control.js";

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const half = fc.integer({ min: 0, max: 2 ** 16 - 1 });
const types = Object.keys(requestTypes) as (keyof typeof requestTypes)[];

const request: fc.Arbitrary<ControlRequest> = fc.record({
  type: fc.constantFrom(...types),
  nonblocking: fc.boolean(),
  ipv6: fc.boolean(),
  reusePort: fc.boolean(),
  handedOver: fc.boolean(),
  address: word,
  port: half,
  protocol: fc.constantFrom("tcp", "udp"),
  pid: word,
});

test("a request is read as it was written", (t) => {
  fc.assert(
    fc.property(request, (given) => {
      t.deepEqual(decodeRequest(encodeRequest(given)), given);
    }),
  );
});

test("arbitrary bytes are a request of a known type, or nothing; never an exception", (t) => {
  const bytes = fc.uint8Array({ maxLength: 2 * requestBytes }).map((data) => Buffer.from(data));
  fc.assert(
    fc.property(bytes, (packet) => {
      const decoded = decodeRequest(packet);
      t.true(decoded === null || types.includes(decoded.type));
    }),
  );
});

test("a request that is damaged in one byte is still one, or nothing", (t) => {
  const at = fc.nat({ max: requestBytes - 1 });
  fc.assert(
    fc.property(request, at, fc.integer({ min: 0, max: 255 }), (given, index, byte) => {
      const packet = encodeRequest(given);
      const same = packet[index] === byte;
      packet[index] = byte;
      const decoded = decodeRequest(packet);
      if (same) t.deepEqual(decoded, given);
      else if (index < 4) t.is(decoded, null);
      else t.true(decoded === null || types.includes(decoded.type));
    }),
  );
});

test("a packet of another length is nothing", (t) => {
  fc.assert(
    fc.property(request, fc.nat({ max: 3 * requestBytes }), (given, length) => {
      fc.pre(length !== requestBytes);
      const packet = Buffer.concat([encodeRequest(given), Buffer.alloc(3 * requestBytes)]);
      t.is(decodeRequest(packet.subarray(0, length)), null);
    }),
  );
});
