import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
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
