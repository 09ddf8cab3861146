/** The keeper's messages, against the ordinary build and, where it can be made, under ASan. */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import fc from "fast-check";
import {
  batchMax,
  custodyMagic,
  custodyTypes,
  decodeMessage,
  encodeMessage,
  encodeMessages,
  labelBytesMax,
  messageBytes,
} from "../../platform/daemon/custody-message.js";
import { loadAddon, shimFiles } from "../../shim/index.js";
import { type BareKeeper, bareKeeper, descriptorCount } from "../fixtures/keeper/bare-keeper.js";

const addon = loadAddon();
const shimDirectory = fileURLToPath(new URL("../../../shim/", import.meta.url));
const output = mkdtempSync(join(tmpdir(), "im-asan-"));
const sanitized = join(output, "im-keeper");
spawnSync("make", ["-s", "-C", shimDirectory, "SANITIZE=1", `OUT=${output}`, sanitized]);
test.after.always(() => rmSync(output, { recursive: true }));

function openSomething(): number {
  return openSync("/dev/null", "r");
}

async function labels(keeper: BareKeeper): Promise<readonly string[]> {
  const held = await keeper.list();
  for (const descriptor of held.values()) addon.close(descriptor);
  return [...held.keys()].sort();
}

for (const [name, program] of [
  ["the keeper", shimFiles.keeper],
  ["the keeper under ASan and UBSan", sanitized],
] as const) {
  const titled = existsSync(program) ? test : test.skip;

  titled(`${name} gives back what it was given, under the last label`, async (t) => {
    const keeper = await bareKeeper(t, program);
    t.deepEqual(await labels(keeper), []);
    const [reading, writing] = addon.pipe();
    keeper.say("keep", "one", reading);
    keeper.say("keep", "two", reading);
    keeper.say("keep", "two", writing);
    keeper.say("drop", "one");
    keeper.say("drop", "never");
    keeper.say("keep", "three", reading);
    const held = await keeper.list();
    t.deepEqual([...held.keys()].sort(), ["three", "two"]);
    const said = Buffer.from("through the second end");
    const end = openSync(`/proc/self/fd/${held.get("two")}`, "w");
    t.is(
      spawnSync("tee", ["/proc/self/fd/3"], { input: said, stdio: ["pipe", "ignore", 2, end] })
        .status,
      0,
    );
    const copy = openSync(`/proc/self/fd/${held.get("three")}`, "r");
    for (const descriptor of [reading, writing, ...held.values()]) addon.close(descriptor);
    closeSync(end);
    keeper.say("drop", "two");
    t.deepEqual(await labels(keeper), ["three"]);
    t.is(readFileSync(copy, "utf8"), said.toString());
    closeSync(copy);
    keeper.say("quit");
    t.is(await keeper.ended, 0);
  });

  titled(`${name} holds thousands, and lets them go`, async (t) => {
    const keeper = await bareKeeper(t, program);
    const something = openSomething();
    // Its answer shows that it is past its own start, which opens descriptors, too.
    t.deepEqual(await labels(keeper), []);
    const before = descriptorCount(keeper);
    const count = 3000;
    for (let n = 0; n < count; n++) await patiently(() => keeper.say("keep", `n ${n}`, something));
    const held = await keeper.list();
    t.is(held.size, count);
    for (const descriptor of held.values()) addon.close(descriptor);
    t.is(descriptorCount(keeper), before + count);
    for (let n = 0; n < count; n++)
      if (n % 3 > 0) await patiently(() => keeper.say("drop", `n ${n}`));
    t.is((await labels(keeper)).length, count / 3);
    for (let n = 0; n < count; n++) await patiently(() => keeper.say("drop", `n ${n}`));
    t.deepEqual(await labels(keeper), []);
    t.is(descriptorCount(keeper), before);
    closeSync(something);
  });

  titled(`${name} obeys all orders of one packet, in their order`, async (t) => {
    const keeper = await bareKeeper(t, program);
    const something = openSomething();
    const numbered = Array.from({ length: batchMax - 2 }, (_, n) => `n ${n}`);
    const orders = [
      ...numbered.map((label) => ({ type: "keep", label }) as const),
      { type: "drop", label: "n 3" } as const,
      { type: "drop", label: "n 5" } as const,
    ];
    keeper.send(encodeMessages(orders), Array(numbered.length).fill(something));
    const held = numbered.filter((label) => label !== "n 3" && label !== "n 5");
    t.deepEqual(await labels(keeper), held.toSorted());
    closeSync(something);
  });

  titled(`${name} drops what is no message, and every descriptor with it`, async (t) => {
    const keeper = await bareKeeper(t, program);
    const something = openSomething();
    keeper.say("keep", "mine", something);
    await labels(keeper);
    const before = descriptorCount(keeper);
    await fc.assert(
      fc.asyncProperty(garbage, fc.nat(7), async (bytes, count) => {
        await patiently(() => keeper.send(bytes, Array(count).fill(something)));
        t.deepEqual(await labels(keeper), ["mine"]);
        t.is(descriptorCount(keeper), before);
      }),
      { numRuns: 300 },
    );
    const keeps = (count: number) =>
      encodeMessages(Array.from({ length: count }, () => ({ type: "keep", label: "another" })));
    for (const [packet, count] of [
      ...[0, 2, 3, 8].map((wrong) => [keeps(1), wrong] as const),
      [keeps(3), 2],
      [keeps(3), 4],
      [keeps(batchMax + 1), batchMax],
      [Buffer.concat([keeps(2), Buffer.alloc(1)]), 2],
      [Buffer.concat([keeps(2), Buffer.alloc(messageBytes)]), 2],
    ] as const) {
      keeper.send(packet, Array(count).fill(something));
      t.deepEqual(await labels(keeper), ["mine"]);
      t.is(descriptorCount(keeper), before);
    }
    closeSync(something);
    keeper.say("quit");
    t.is(await keeper.ended, 0);
  });
}

test("a message is read as it was written, and garbage is none", (t) => {
  t.deepEqual(decodeMessage(encodeMessage("keep", "placeholder 127.64.0.1:80")), {
    type: "keep",
    label: "placeholder 127.64.0.1:80",
  });
  t.throws(() => encodeMessage("keep", "x".repeat(labelBytesMax + 1)), { instanceOf: RangeError });
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.alloc(messageBytes),
    Buffer.alloc(messageBytes + 1),
  ]) {
    t.is(decodeMessage(bytes), null);
  }
});

/** Never well formed: a wrong length or magic, a label too long, an unknown type, or no count. */
const garbage: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  message(fc.constant(custodyMagic + 1), fc.constant(custodyTypes.drop), fc.constant(4)),
  message(fc.constant(custodyMagic), fc.integer({ min: 8, max: 65_535 }), fc.nat(labelBytesMax)),
  message(
    fc.constant(custodyMagic),
    fc.constantFrom(custodyTypes.keep, custodyTypes.drop),
    fc.integer({ min: labelBytesMax + 1, max: 65_535 }),
  ),
);

function message(
  magic: fc.Arbitrary<number>,
  type: fc.Arbitrary<number>,
  length: fc.Arbitrary<number>,
): fc.Arbitrary<Buffer> {
  return fc.tuple(magic, type, length).map(([m, n, l]) => {
    const bytes = Buffer.alloc(messageBytes, "mine");
    bytes.writeUInt32LE(m, 0);
    bytes.writeUInt16LE(n, 4);
    bytes.writeUInt16LE(l, 6);
    return bytes;
  });
}

/** Again on the loop's next turn while the queue is full. */
async function patiently(send: () => void): Promise<void> {
  for (;;) {
    try {
      send();
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
