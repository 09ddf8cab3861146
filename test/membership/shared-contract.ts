/** What several nodes that share one membership rely on: takeover, help and renewal. */
import test from "ava";
import type { Open } from "./contract.js";
import { applied, rejected, step } from "./outcomes.js";
import {
  claimOf,
  helpOf,
  recordIn,
  registerOf,
  renewOf,
  resumeOf,
  suspendOf,
  takeoverOf,
} from "./records.js";

export function sharedContract(open: Open): void {
  for (const state of ["allocating", "running"] as const) {
    test(`a takeover of a host that is ${state} allocates its next incarnation`, async (t) => {
      const record = recordIn(state, { memory: "frozen" });
      const write = takeoverOf(record);
      await applied(t, await open([record]), write, {
        ...record,
        state: "allocating",
        incarnation: 8,
        version: 31,
        ...{ owner: "taker", node: "taker", operation: write.operation, claim: write.claim },
        ...{ attempt: 1, leaseMs: 9000, memory: null },
      });
    });
  }

  test("a takeover of a host that was renewed meanwhile is rejected", async (t) => {
    const record = recordIn("running");
    const membership = await open([record]);
    const renewed = await step(membership, renewOf(record));
    t.like(renewed, { state: "running", incarnation: 7, version: 31, owner: "owner" });
    await rejected(t, membership, takeoverOf(record), renewed);
  });

  test("a host that sleeps or is imaginary is claimed, not taken over", async (t) => {
    for (const state of ["suspended", "imaginary", "failed"] as const) {
      const record = recordIn(state);
      await rejected(t, await open([record]), takeoverOf(record), record);
    }
  });

  test("nobody but the owner renews, and only a host that runs", async (t) => {
    const record = recordIn("running");
    const membership = await open([record]);
    await rejected(t, membership, renewOf({ ...record, owner: "other" }), record);
    const asleep = await step(membership, suspendOf(record));
    t.is(asleep.node, "node");
    await rejected(t, membership, renewOf({ ...asleep, owner: "owner" }), asleep);
  });

  test("help counts an attempt, and leaves the claim to whoever registers first", async (t) => {
    const record = recordIn("allocating");
    const membership = await open([record]);
    const helped = await step(membership, helpOf(record));
    t.like(helped, { state: "allocating", incarnation: 7, attempt: 2, claim: "claim" });
    await rejected(t, membership, helpOf(record), helped);
    const registered = await step(membership, { ...registerOf(helped, "boot"), node: "helper" });
    t.like(registered, { state: "running", owner: "boot", node: "helper" });
  });

  test("what was taken over is not registered by the claim before", async (t) => {
    const record = recordIn("allocating");
    const membership = await open([record]);
    const taken = await step(membership, takeoverOf(record));
    await rejected(t, membership, registerOf(record), taken);
  });

  test("a host that sleeps on one node is resumed or claimed on another", async (t) => {
    const record = recordIn("suspended");
    const resumed = await step(await open([record]), { ...resumeOf(record), owner: "other" });
    t.like(resumed, { node: "other", memory: "boot", incarnation: 7 });
    const claimed = await step(await open([record]), claimOf(record));
    t.like(claimed, { memory: null, incarnation: 8 });
  });
}
