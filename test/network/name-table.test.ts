import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { blockBase, blockSize } from "../../platform/network/layout.js";
import { headerAt, nameHash } from "../../platform/network/name-table.js";
import { NameTableFile } from "../../platform/network/name-table-adapter.js";
import type { NameTableEntry } from "../../platform/ports/name-table.js";

/** Reads as the shim does: see `shim/src/protocol.h`. */
function lookUp(bytes: Buffer, name: string): number | null {
  const active = bytes.readUInt32LE(headerAt.generation) & 1;
  const at = Number(bytes.readBigUInt64LE(headerAt.slots + active * 16));
  const slot = bytes.subarray(at);
  const [entriesAt, hashSize, hashAt] = [4, 8, 12].map((offset) => slot.readUInt32LE(offset));
  if (entriesAt === undefined || hashSize === undefined || hashAt === undefined) return null;
  for (let place = nameHash(name) & (hashSize - 1); ; place = (place + 1) & (hashSize - 1)) {
    const index = slot.readUInt32LE(hashAt + place * 4);
    if (index === 0) return null;
    const entry = entriesAt + (index - 1) * 16;
    const nameAt = slot.readUInt32LE(entry + 4);
    const length = slot.readUInt16LE(entry + 8);
    if (slot.toString("latin1", nameAt, nameAt + length) === name) return slot.readUInt32LE(entry);
  }
}

function entries(count: number, from: number): NameTableEntry[] {
  return Array.from({ length: count }, (_, n) => ({
    address: from + 1 + n,
    name: `worker-${n}`,
    ports: [{ port: 80, mapped: 80, protocol: "tcp" }],
  }));
}

test("every name is found, through growth beyond the slots' first places", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "im-table-"));
  const base = blockBase(3);
  const path = join(directory, "names");
  const table = new NameTableFile({ path, deployment: "shop", blockBase: base, blockSize });
  for (const count of [0, 1, 2, 300, 5000, 7]) {
    table.publish(entries(count, base));
    const bytes = readFileSync(path);
    t.is(lookUp(bytes, "worker-0"), count === 0 ? null : base + 1);
    t.is(lookUp(bytes, `worker-${count - 1}`), count === 0 ? null : base + count);
    t.is(lookUp(bytes, `worker-${count}`), null);
  }
  table.close();
  rmSync(directory, { recursive: true });
});

test("a host's state is a word of its own beside the slots", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "im-table-"));
  const base = blockBase(3);
  const path = join(directory, "names");
  const table = new NameTableFile({ path, deployment: "shop", blockBase: base, blockSize });
  table.publish(entries(3, base));
  table.setRunning(base + 2, true);
  const states = () => readFileSync(path).subarray(4096, 4096 + 16);
  t.deepEqual(
    [...states()].filter((_, at) => at % 4 === 0),
    [0, 0, 1, 0],
  );
  table.setRunning(base + 2, false);
  t.true(states().every((byte) => byte === 0));
  table.close();
  rmSync(directory, { recursive: true });
});

function reopening(t: ExecutionContext) {
  const directory = mkdtempSync(join(tmpdir(), "im-table-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const base = blockBase(3);
  const options = {
    path: join(directory, "names"),
    deployment: "shop",
    blockBase: base,
    blockSize,
  };
  return { base, directory, options, open: () => new NameTableFile(options) };
}

/** What a guest that mapped the table before reads now. */
function readMapped(descriptor: number): Buffer {
  const bytes = Buffer.alloc(8 * 1024 * 1024);
  return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0));
}

test("a table that is opened again goes on, for whoever has it mapped", (t) => {
  const { base, options, open } = reopening(t);
  const first = open();
  first.publish(entries(300, base));
  first.setRunning(base + 2, true);
  const mapped = openSync(options.path, "r");
  // The first daemon dies: nothing is closed.
  const before = readFileSync(options.path);
  const second = open();
  t.deepEqual(readFileSync(options.path), before);
  for (const count of [301, 5000, 4, 6000, 2]) {
    second.publish(entries(count, base));
    const bytes = readMapped(mapped);
    t.is(lookUp(bytes, `worker-${count - 1}`), base + count);
    t.is(lookUp(bytes, `worker-${count}`), null);
    t.is(bytes.readUInt32LE(4096 + 8), 1);
  }
  t.true(second.path === options.path && statSync(options.path).size < 2 * 1024 * 1024);
  closeSync(mapped);
  second.close();
});

test("the active slot stays whole while the other is written, also after opening again", (t) => {
  const { base, options, open } = reopening(t);
  open().publish(entries(1000, base));
  open().publish(entries(20, base));
  for (const count of [900, 700, 1200, 30, 10, 900]) {
    const before = readFileSync(options.path);
    open().publish(entries(count, base));
    const torn = readFileSync(options.path);
    // A daemon that is killed before its last write leaves the old generation.
    before.copy(torn, headerAt.generation, headerAt.generation, headerAt.generation + 4);
    const names = (bytes: Buffer) =>
      Array.from({ length: 1300 }, (_, n) => lookUp(bytes, `worker-${n}`));
    t.deepEqual(names(torn), names(before));
  }
});

const damages: readonly (readonly [what: string, damage: (path: string) => void])[] = [
  ["that is garbage", (path) => writeFileSync(path, Buffer.alloc(300_000, 7))],
  ["that is cut short", (path) => truncateSync(path, 5000)],
  ["that is empty", (path) => truncateSync(path, 0)],
  ["whose active slot is outside of it", (path) => overwrite(path, headerAt.slots, 32)],
  ["of another deployment", (path) => overwrite(path, headerAt.deployment, 4)],
  ["that nothing was ever published in", (path) => overwrite(path, headerAt.generation, 4, 0)],
];

function overwrite(path: string, at: number, bytes: number, value = 255): void {
  const content = readFileSync(path);
  content.fill(value, at, at + bytes);
  writeFileSync(path, content);
}

for (const [what, damage] of damages) {
  test(`a table ${what} is replaced, not written to`, (t) => {
    const { base, directory, options, open } = reopening(t);
    open().publish(entries(10, base));
    damage(options.path);
    const damaged = readFileSync(options.path);
    const mapped = openSync(options.path, "r");
    const table = open();
    t.is(lookUp(readFileSync(options.path), "worker-0"), null);
    table.publish(entries(2, base));
    t.is(lookUp(readFileSync(options.path), "worker-1"), base + 2);
    t.deepEqual(readMapped(mapped), damaged);
    closeSync(mapped);
    t.deepEqual(readdirSync(directory), ["names"]);
  });
}

test("a new deployment does not go on with an earlier one's table", (t) => {
  const { base, options, open } = reopening(t);
  const earlier = open();
  earlier.publish(entries(10, base));
  earlier.setRunning(base + 1, true);
  const mapped = openSync(options.path, "r");
  NameTableFile.create(options);
  t.is(lookUp(readFileSync(options.path), "worker-0"), null);
  t.is(readFileSync(options.path).readUInt32LE(4096 + 4), 0);
  t.is(lookUp(readMapped(mapped), "worker-0"), base + 1);
  closeSync(mapped);
});
