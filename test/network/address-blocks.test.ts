import test from "ava";
import { claimAddressBlock } from "../../platform/network/address-blocks-adapter.js";
import { blockSize, overlayBase } from "../../platform/network/layout.js";
import { loadAddon } from "../../shim/index.js";

// Far from the first blocks, which deployments of other tests take.
const start = 100;

test("a block belongs to one holder at a time, and is free again once released", (t) => {
  const addon = loadAddon();
  const first = claimAddressBlock(null, start, addon);
  const second = claimAddressBlock(first.index, start, addon);
  t.not(second.index, first.index);
  t.is(first.base, overlayBase + first.index * blockSize);
  first.release();
  const again = claimAddressBlock(first.index, start, addon);
  t.is(again.index, first.index);
  again.release();
  second.release();
});
