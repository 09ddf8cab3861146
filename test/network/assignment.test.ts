import test from "ava";
import fc from "fast-check";
import { assignOffsets } from "../../platform/network/assignment.js";
import { formatAddress, hostsMax } from "../../platform/network/layout.js";

const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/), { maxLength: 60 });

test("a host keeps its address when the manifest grows, shrinks or is reordered", (t) => {
  fc.assert(
    fc.property(names, names, (before, after) => {
      const first = assignOffsets({}, before);
      const second = assignOffsets(first, after);
      for (const name of after) {
        if (before.includes(name)) t.is(second[name], first[name]);
      }
    }),
  );
  t.pass();
});

test("no two hosts share an address, and none has the block's own", (t) => {
  fc.assert(
    fc.property(names, names, (before, after) => {
      const offsets = Object.values(assignOffsets(assignOffsets({}, before), after));
      t.is(new Set(offsets).size, after.length);
      t.true(offsets.every((offset) => offset >= 1 && offset <= hostsMax));
    }),
  );
});

test("an address whose host goes is given to nobody in the same change", (t) => {
  const second = assignOffsets(assignOffsets({}, ["going", "staying"]), ["new", "staying"]);
  t.deepEqual({ ...second }, { new: 3, staying: 2 });
  t.is(assignOffsets(second, ["new", "newer", "staying"])["newer"], 1);
});

test("names that objects have by themselves are ordinary hosts", (t) => {
  const offsets = assignOffsets({}, ["constructor", "valueof", "web"]);
  t.is(offsets["constructor"], 1);
  t.is(offsets["web"], 3);
});

test("more hosts than a block has addresses are refused", (t) => {
  const many = Array.from({ length: hostsMax + 1 }, (_, n) => `w-${n}`);
  t.throws(() => assignOffsets({}, many), { instanceOf: RangeError });
});

test("addresses are dotted from host order", (t) => {
  t.is(formatAddress(0x7f40000c), "127.64.0.12");
  t.is(formatAddress(0x7f7fffff), "127.127.255.255");
});
