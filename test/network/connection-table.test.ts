import test from "ava";
import { ConnectionTable } from "../../platform/network/connection-table.js";
import { connectionFields } from "../../shim/index.js";

type Row = Partial<Record<(typeof connectionFields)[number], number>>;

/** As the addon gives them; `mark` is of the test's own choice. */
function rowsOf(...rows: readonly Row[]): Float64Array {
  const tcp = { protocol: 6, address: 1, state: 1, inode: 5, mark: 1 };
  return Float64Array.from(
    rows.flatMap((row) => connectionFields.map((name) => ({ ...tcp, ...row })[name] ?? 0)),
  );
}

test("what has not changed is the same, however long ago it is by now", (t) => {
  const table = new ConnectionTable();
  const first = table.renew(rowsOf({ cookie: 7, lastSentMs: 40 }), 100);
  t.like(first.get(1)?.[0], { id: 7, lastSentAtMs: 60, lastReceivedAtMs: 100 });
  const second = table.renew(rowsOf({ cookie: 7, lastSentMs: 1040 }), 1100);
  t.is(second.get(1), first.get(1));
});

test("only the list of an address where something changed is another", (t) => {
  const table = new ConnectionTable();
  const rows = [{ cookie: 7 }, { cookie: 8, address: 2 }, { cookie: 9 }];
  const before = table.renew(rowsOf(...rows), 0);
  const changed = { cookie: 9, received: 4, mark: 2 };
  const after = table.renew(rowsOf({ cookie: 7 }, { cookie: 8, address: 2 }, changed), 10);
  t.is(after.get(2), before.get(2));
  t.is(after.get(1)?.[0], before.get(1)?.[0]);
  t.like(after.get(1)?.[1], { id: 9, received: 4, lastReceivedAtMs: 10 });
});

test("those that come and go are noticed in whatever order the others are told", (t) => {
  const table = new ConnectionTable();
  const ids = (map: ReturnType<ConnectionTable["renew"]>) => map.get(1)?.map(({ id }) => id);
  const before = table.renew(rowsOf({ cookie: 7 }, { cookie: 8 }, { cookie: 9 }), 0);
  const [seven, , nine] = before.get(1) ?? [];
  const after = table.renew(rowsOf({ cookie: 9 }, { cookie: 5 }, { cookie: 7 }), 1);
  t.deepEqual(ids(after), [9, 5, 7]);
  t.is(after.get(1)?.[0], nine);
  t.is(after.get(1)?.[2], seven);
  const swapped = table.renew(rowsOf({ cookie: 9 }, { cookie: 7 }, { cookie: 5 }), 2);
  t.is(swapped.get(1)?.length, 3);
  t.deepEqual(ids(table.renew(rowsOf({ cookie: 9 }), 3)), [9]);
  t.false(table.renew(rowsOf(), 4).has(1));
});

test("one socket takes the place of another", (t) => {
  const table = new ConnectionTable();
  table.renew(rowsOf({ cookie: 7 }), 0);
  const after = table.renew(rowsOf({ cookie: 8, address: 2 }), 1);
  t.deepEqual([...after.keys()], [2]);
});

test("a socket that got another address is not at the old one any more", (t) => {
  const table = new ConnectionTable();
  table.renew(rowsOf({ cookie: 7, protocol: 17 }), 0);
  const after = table.renew(rowsOf({ cookie: 7, protocol: 17, address: 2, mark: 3 }), 1);
  t.deepEqual([...after.keys()], [2]);
});
