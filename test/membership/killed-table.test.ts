import assert from "node:assert";
import test from "ava";
import { nanoid } from "nanoid";
import type { HostRecord, Membership, RecordWrite } from "../../platform/ports/membership.js";
import { claimOf, firstClaim, registerOf, terminateOf } from "./records.js";
import { deadlineMs, openWorld, type World } from "./world.js";

const killsMax = 3;
const writesBetweenKills = 40;

test("kills of the table amid writes lose nothing, and no incarnation repeats", async (t) => {
  const world = await openWorld();
  t.teardown(world.close);
  const killer = new Killer(world);
  const deployId = nanoid();
  const hosts = ["a", "b", "c", "d", "e", "f"];

  const histories = await Promise.all(hosts.map((host) => live(deployId, host, killer)));
  t.is(killer.killsCount, killsMax);
  for (const [index, history] of histories.entries()) {
    const last = history.at(-1);
    t.deepEqual(await world.membership.read(deployId, hosts[index] ?? ""), last ?? null);
    // Every write reported as applied is one version; nothing came between, nothing twice.
    t.deepEqual(
      history.map(({ version }) => version),
      history.map((_, position) => position + 1),
    );
    const claimed = history.filter(({ state }) => state === "allocating");
    t.deepEqual(
      claimed.map(({ incarnation }) => incarnation),
      claimed.map((_, position) => position + 1),
    );
  }
});

/** Kills the table's process with SIGKILL after so many writes, while others are under way. */
class Killer {
  killsCount = 0;
  readonly #world: World;
  #writes = 0;
  #restarting = false;

  constructor(world: World) {
    this.#world = world;
    world.dynamoDb.onRestart(() => {
      this.#restarting = false;
      this.#writes = 0;
    });
  }

  get membership(): Membership {
    return this.#world.membership;
  }

  get done(): boolean {
    return this.killsCount === killsMax && !this.#restarting;
  }

  wrote(): void {
    this.#writes += 1;
    const { pid } = this.#world.dynamoDb;
    if (this.#restarting || pid === null || this.killsCount === killsMax) return;
    if (this.#writes < writesBetweenKills) return;
    this.#restarting = true;
    this.killsCount += 1;
    process.kill(pid, "SIGKILL");
  }
}

/** One life after the other, until all kills are over: every record that a write brought about. */
async function live(deployId: string, host: string, killer: Killer): Promise<HostRecord[]> {
  const history: HostRecord[] = [];
  const write = async (next: RecordWrite): Promise<HostRecord> => {
    const pending = killer.membership.apply(next, deadlineMs);
    killer.wrote();
    const { result, record } = await pending;
    assert.equal(result, "applied", `${next.kind} of ${host}`);
    assert(record !== null);
    history.push(record);
    return record;
  };
  let record = await write(firstClaim({ deployId, host }));
  while (!killer.done) {
    const running = await write(registerOf(record));
    const imaginary = await write(terminateOf(running));
    record = await write(claimOf(imaginary));
  }
  return history;
}
