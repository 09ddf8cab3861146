import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import test from "ava";
import { loadAddon } from "../../shim/index.js";

const addon = loadAddon();

/** Places in this process's table of descriptors. */
function tableSize(): number {
  return Number(/^FDSize:\s+(\d+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
}

function eventDescriptors(): number {
  const links = readdirSync("/proc/self/fd").map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      // The one that read the directory.
      return "";
    }
  });
  return links.filter((link) => link.includes("eventfd")).length;
}

test("room for thousands of descriptors is made at once, and nothing is left open", (t) => {
  const before = eventDescriptors();
  t.true(tableSize() < 4096);
  addon.reserveDescriptors(4096);
  t.true(tableSize() >= 4096);
  t.is(eventDescriptors(), before);
});

test("where a limit is in the way of more descriptors nothing is done", (t) => {
  const before = [tableSize(), eventDescriptors()];
  for (const count of [2 ** 31 - 1, 2 ** 32 - 1]) addon.reserveDescriptors(count);
  t.deepEqual([tableSize(), eventDescriptors()], before);
});
