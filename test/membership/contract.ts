/** What every implementation of the `Membership` port does: one suite for all of them. */
import test from "ava";
import { nanoid } from "nanoid";
import type {
  HostRecord,
  Membership,
  RecordState,
  RecordWrite,
} from "../../platform/ports/membership.js";
import { applied, rejected, step } from "./outcomes.js";
import {
  claimOf,
  discardOf,
  failOf,
  firstClaim,
  recordIn,
  registerOf,
  resumeOf,
  selfResumeOf,
  suspendOf,
  terminateOf,
} from "./records.js";
import { sharedContract } from "./shared-contract.js";
import { sleepContract } from "./sleep-contract.js";
import { deadlineMs } from "./world.js";

/** Membership in which these records are, as found. */
export type Open = (records: readonly HostRecord[]) => Promise<Membership>;

export function membershipContract(open: Open): void {
  claims(open);
  registrations(open);
  failures(open);
  terminations(open);
  sleepContract(open);
  sharedContract(open);
  repetitions(open);
  lists(open);
}

function claims(open: Open): void {
  test("a host that was never real has no record", async (t) => {
    const membership = await open([]);
    t.is(await membership.read(nanoid(), "web"), null);
  });

  test("a claim of a host without a record allocates its first incarnation", async (t) => {
    const membership = await open([]);
    const write = firstClaim({ deployId: nanoid(), host: "web" });
    const { deployId, host, operation, claim } = write;
    await applied(t, membership, write, {
      deployId,
      host,
      state: "allocating",
      incarnation: 1,
      version: 1,
      ...{ owner: "node", node: "node" },
      operation,
      claim,
      attempt: 1,
      leaseMs: 9000,
      memory: null,
      failure: null,
    });
  });

  test("a claim that expects no record is rejected where there is one", async (t) => {
    const record = recordIn("imaginary");
    await rejected(t, await open([record]), firstClaim(record), record);
  });

  test("a claim that expects a record is rejected where there is none", async (t) => {
    await rejected(t, await open([]), claimOf(recordIn("imaginary")), null);
  });

  for (const state of ["imaginary", "suspended", "failed"] satisfies RecordState[]) {
    test(`a claim of a host that is ${state} allocates the next incarnation`, async (t) => {
      const record = recordIn(state);
      const write = claimOf(record);
      if (write.kind !== "claim") return t.fail();
      const { operation, claim } = write;
      await applied(t, await open([record]), write, {
        ...record,
        state: "allocating",
        incarnation: 8,
        version: 31,
        ...{ owner: "node", node: "node" },
        operation,
        claim,
        leaseMs: 9000,
        memory: null,
      });
    });
  }

  for (const state of ["allocating", "running"] satisfies RecordState[]) {
    test(`a claim of a host that is ${state} is rejected`, async (t) => {
      const record = recordIn(state);
      await rejected(t, await open([record]), claimOf(record), record);
    });
  }

  test("a claim is rejected when the incarnation or the version has moved on", async (t) => {
    const record = recordIn("imaginary");
    const membership = await open([record]);
    await rejected(t, membership, claimOf({ ...record, incarnation: 6 }), record);
    await rejected(t, membership, claimOf({ ...record, version: 29 }), record);
  });

  test("of sixteen claims at once one is applied, and the others see it", async (t) => {
    const record = recordIn("imaginary");
    const membership = await open([record]);
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, () => membership.apply(claimOf(record), deadlineMs)),
    );
    const winners = outcomes.filter(({ result }) => result === "applied");
    t.is(winners.length, 1);
    for (const { record: seen } of outcomes) t.deepEqual(seen, winners[0]?.record);
  });
}

function registrations(open: Open): void {
  test("the environment of the open claim registers, and the host is running", async (t) => {
    // Only the end of a life that went well ends the row of failures.
    const failure = { code: "IM_BOOT_TIMEOUT", message: "late", count: 1 };
    const record = recordIn("allocating", { failure });
    const write = registerOf(record);
    await applied(t, await open([record]), write, {
      ...record,
      state: "running",
      version: 31,
      owner: "boot",
      operation: write.operation,
      claim: null,
    });
  });

  test("a registration for another incarnation or another claim is rejected", async (t) => {
    const record = recordIn("allocating");
    const membership = await open([record]);
    await rejected(t, membership, registerOf({ ...record, incarnation: 6 }), record);
    await rejected(t, membership, registerOf({ ...record, claim: "older" }), record);
  });

  test("a late duplicate of an invocation registers nothing", async (t) => {
    const allocating = recordIn("allocating");
    const membership = await open([allocating]);
    const running = await step(membership, registerOf(allocating, "first"));
    await rejected(t, membership, registerOf(allocating, "second"), running);
    const imaginary = await step(membership, terminateOf(running));
    await rejected(t, membership, registerOf(allocating, "second"), imaginary);
    const next = await step(membership, claimOf(imaginary));
    await rejected(t, membership, registerOf(allocating, "second"), next);
  });
}

function failures(open: Open): void {
  test("a boot that fails leaves the reason, and the next claim keeps it", async (t) => {
    const record = recordIn("allocating");
    const membership = await open([record]);
    const write = failOf(record);
    const failure = { code: "IM_BOOT_TIMEOUT", message: "it did not listen", count: 3 };
    const failed: HostRecord = {
      ...record,
      state: "failed",
      version: 31,
      ...{ owner: null, node: null },
      operation: write.operation,
      claim: null,
      failure,
    };
    await applied(t, membership, write, failed);
    t.deepEqual((await step(membership, claimOf(failed))).failure, failure);
  });

  test("a failure is rejected from anybody but the claimer of this version", async (t) => {
    const record = recordIn("allocating");
    const membership = await open([record]);
    await rejected(t, membership, failOf({ ...record, owner: "other" }), record);
    await rejected(t, membership, failOf({ ...record, version: 29 }), record);
    await rejected(t, membership, failOf({ ...record, incarnation: 6 }), record);
  });

  test("a boot may fail after it registered, and its memory is gone", async (t) => {
    const record = recordIn("running", { memory: "boot" });
    const write = failOf(record);
    await applied(t, await open([record]), write, {
      ...record,
      state: "failed",
      version: 31,
      ...{ owner: null, node: null },
      operation: write.operation,
      memory: null,
      failure: { code: "IM_BOOT_TIMEOUT", message: "it did not listen", count: 3 },
    });
  });

  test("a host that nobody holds does not fail", async (t) => {
    for (const state of ["imaginary", "suspended", "failed"] satisfies RecordState[]) {
      const record = recordIn(state);
      await rejected(t, await open([record]), failOf(record), record);
    }
  });

  test("a failure's message is cut at 512 bytes, between characters", async (t) => {
    const record = recordIn("allocating");
    const failed = await step(await open([record]), failOf(record, `x${"€".repeat(1000)}`));
    t.is(failed.failure?.message, `x${"€".repeat(170)}`);
  });
}

function terminations(open: Open): void {
  test("the owner of a running host ends it, and its incarnation is kept", async (t) => {
    const record = recordIn("running", {
      memory: "boot",
      failure: { code: "IM_BOOT_TIMEOUT", message: "late", count: 1 },
    });
    const write = terminateOf(record);
    await applied(t, await open([record]), write, {
      ...record,
      state: "imaginary",
      version: 31,
      ...{ owner: null, node: null },
      operation: write.operation,
      memory: null,
      failure: null,
    });
  });

  test("nobody but the owner ends a running host", async (t) => {
    const record = recordIn("running");
    const membership = await open([record]);
    await rejected(t, membership, terminateOf({ ...record, owner: "other" }), record);
    await rejected(t, membership, terminateOf({ ...record, version: 29 }), record);
    await rejected(t, membership, terminateOf({ ...record, incarnation: 8 }), record);
  });

  test("its claimer calls a boot off; a host that is not there is not ended", async (t) => {
    const allocating = recordIn("allocating");
    const ended = await step(await open([allocating]), terminateOf(allocating));
    t.like(ended, { state: "imaginary", owner: null, claim: null });
    const failed = recordIn("failed");
    await rejected(t, await open([failed]), terminateOf(failed), failed);
  });
}

function repetitions(open: Open): void {
  const rows: [RecordState, (record: HostRecord) => RecordWrite][] = [
    ["imaginary", claimOf],
    ["allocating", registerOf],
    ["allocating", failOf],
    ["running", terminateOf],
    ["running", suspendOf],
    ["suspended", resumeOf],
    ["suspended", selfResumeOf],
    ["suspended", discardOf],
  ];
  for (const [state, writeOf] of rows) {
    const write = writeOf(recordIn(state));
    test(`a ${write.kind} that is repeated is applied once, and says so again`, async (t) => {
      const record = recordIn(state, { deployId: write.deployId });
      const membership = await open([record]);
      const first = await membership.apply(write, deadlineMs);
      t.is(first.result, "applied");
      t.deepEqual(await membership.apply(write, deadlineMs), first);
    });
  }

  test("late copies of a whole life's writes change nothing in the next", async (t) => {
    const deployId = nanoid();
    const membership = await open([]);
    const claim = firstClaim({ deployId, host: "web" });
    const allocating = await step(membership, claim);
    const register = registerOf(allocating);
    const running = await step(membership, register);
    const terminate = terminateOf(running);
    const imaginary = await step(membership, terminate);
    const next = await step(membership, claimOf(imaginary));
    for (const late of [claim, register, terminate, failOf(allocating), claimOf(imaginary)]) {
      await rejected(t, membership, late, next);
    }
  });
}

function lists(open: Open): void {
  test("a list has the records of its deployment and no other's", async (t) => {
    const deployId = nanoid();
    const web = recordIn("running", { deployId, host: "web" });
    const api = recordIn("failed", { deployId, host: "api" });
    const membership = await open([web, api, recordIn("running", { deployId: `${deployId}2` })]);
    const records = await membership.list(deployId);
    t.deepEqual(
      [...records].sort((a, b) => a.host.localeCompare(b.host)),
      [api, web],
    );
    t.deepEqual(await membership.list(nanoid()), []);
  });
}
