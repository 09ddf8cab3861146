import test from "ava";
import { keyOf } from "../../platform/membership/item-codec.js";
import { updateOf } from "../../platform/membership/writes.js";
import { claimOf, failOf, firstClaim, recordIn, registerOf, terminateOf } from "./records.js";

const web = { deployId: "d1", host: "web" };

test("a first claim is conditioned on there being no item", (t) => {
  const { key, condition, update } = updateOf(firstClaim(web));
  t.deepEqual(key, { PK: { S: "H#d1#web" }, SK: { S: "S" } });
  t.is(condition, "attribute_not_exists(#PK)");
  t.is(
    update,
    "SET #st = :v0, #inc = :v1, #own = :v2, #at = :v3, #clm = :v4, #try = :v5, #ls = :v6, " +
      "#op = :v7, #rv = :v8",
  );
});

test("a claim pins state, incarnation and version", (t) => {
  const { condition, values } = updateOf(claimOf(recordIn("failed", web)));
  t.is(condition, "#st IN (:v0, :v1, :v2) AND #inc = :v3 AND #rv = :v4");
  t.deepEqual(
    [":v0", ":v1", ":v2", ":v3", ":v4"].map((alias) => values[alias]),
    [{ S: "imaginary" }, { S: "suspended" }, { S: "failed" }, { N: "7" }, { N: "30" }],
  );
});

test("a registration removes the claim, keeps the failure, and counts the version on", (t) => {
  const { condition, update } = updateOf(registerOf(recordIn("allocating", web)));
  t.is(condition, "#st IN (:v0) AND #inc = :v1 AND #clm = :v2");
  t.is(update, "SET #st = :v3, #own = :v4, #op = :v5, #rv = #rv + :v6 REMOVE #clm, #mem");
});

test("an end removes everything of the life but its incarnation", (t) => {
  const { update } = updateOf(terminateOf(recordIn("running", web)));
  t.regex(update, / REMOVE #own, #at, #clm, #mem, #err$/);
  t.false(update.includes("#inc"));
});

test("exactly the names and values that are used are sent", (t) => {
  const record = recordIn("allocating", web);
  for (const write of [firstClaim(web), claimOf(record), registerOf(record), failOf(record)]) {
    const { condition, update, names, values } = updateOf(write);
    const used = new Set(`${condition} ${update}`.match(/[#:]\w+/g));
    t.deepEqual([...used].sort(), [...Object.keys(names), ...Object.keys(values)].sort());
  }
});

test("rendering a write twice gives the same update", (t) => {
  const write = claimOf(recordIn("imaginary", web));
  t.deepEqual(updateOf(write), updateOf(write));
});

test("a name that would reach into another deployment has no key", (t) => {
  t.throws(() => keyOf("d1", "web#S"), { message: /#/ });
});
