/** Suspend and resume: part of what every implementation of the `Membership` port does. */
import test from "ava";
import { nanoid } from "nanoid";
import type { RecordWrite } from "../../platform/ports/membership.js";
import type { Open } from "./contract.js";
import { applied, rejected, step } from "./outcomes.js";
import {
  claimOf,
  discardOf,
  firstClaim,
  recordIn,
  registerOf,
  resumeOf,
  selfResumeOf,
  suspendOf,
} from "./records.js";

export function sleepContract(open: Open): void {
  test("the owner of a running host suspends it, and its memory is remembered", async (t) => {
    const record = recordIn("running");
    const write = suspendOf(record);
    await applied(t, await open([record]), write, {
      ...record,
      state: "suspended",
      version: 31,
      owner: null,
      operation: write.operation,
      memory: "owner",
    });
  });

  test("nobody but the owner suspends a host, and only one that runs", async (t) => {
    const record = recordIn("running");
    const membership = await open([record]);
    await rejected(t, membership, suspendOf({ ...record, owner: "other" }), record);
    await rejected(t, membership, suspendOf({ ...record, version: 29 }), record);
    const allocating = recordIn("allocating");
    await rejected(t, await open([allocating]), suspendOf(allocating), allocating);
  });

  test("a resume claims the same incarnation, and keeps its memory", async (t) => {
    const record = recordIn("suspended");
    const write = resumeOf(record);
    const { operation, claim } = write;
    await applied(t, await open([record]), write, {
      ...record,
      state: "allocating",
      version: 31,
      owner: "node",
      operation,
      claim,
      leaseMs: 9000,
    });
  });

  test("only the environment that has the memory registers after a resume", async (t) => {
    const membership = await open([]);
    const first = await step(membership, firstClaim({ deployId: nanoid(), host: "web" }));
    const running = await step(membership, registerOf(first));
    const suspended = await step(membership, suspendOf(running));
    const resuming = await step(membership, resumeOf(suspended));
    const { deployId, host, incarnation, claim } = resuming;
    const registerWith = (memory: string): RecordWrite => ({
      kind: "register",
      deployId,
      host,
      operation: nanoid(),
      expected: { incarnation, claim: claim ?? "none", memory },
      owner: memory,
    });
    await rejected(t, membership, registerWith("another"), resuming);
    const resumed = await step(membership, registerWith("boot"));
    t.like(resumed, { state: "running", incarnation: 1, owner: "boot", claim: null, memory: null });
  });

  test("a host that was needed before it slept runs on", async (t) => {
    const record = recordIn("suspended");
    const resumed = await step(await open([record]), selfResumeOf(record));
    t.like(resumed, { state: "running", incarnation: 7, owner: "boot", memory: null });
  });

  test("a host whose environment is gone is imaginary, and its incarnation is kept", async (t) => {
    const record = recordIn("suspended");
    const discarded = await step(await open([record]), discardOf(record));
    t.like(discarded, { state: "imaginary", incarnation: 7, memory: null });
  });

  test("a sleeping host that has moved on, or has another memory, is left alone", async (t) => {
    const record = recordIn("suspended");
    const membership = await open([record]);
    for (const writeOf of [resumeOf, selfResumeOf, discardOf]) {
      await rejected(t, membership, writeOf({ ...record, version: 29 }), record);
      await rejected(t, membership, writeOf({ ...record, incarnation: 6 }), record);
      await rejected(t, membership, writeOf({ ...record, memory: "older" }), record);
      const running = recordIn("running", { memory: "boot" });
      await rejected(t, await open([running]), writeOf(running), running);
    }
  });

  test("of a resume and a claim at once one is applied", async (t) => {
    for (const first of [resumeOf, claimOf]) {
      const record = recordIn("suspended");
      const membership = await open([record]);
      const winner = await step(membership, first(record));
      await rejected(
        t,
        membership,
        first === resumeOf ? claimOf(record) : resumeOf(record),
        winner,
      );
    }
  });
}
