/**
 * A host, its environment and its store, which do one thing at a time: whatever a test wants to
 * happen in between happens there. The store may refuse a write, or lose its answer.
 */
import type {
  HostRecord,
  Membership,
  RecordWrite,
  WriteOutcome,
} from "../../platform/ports/membership.js";
import { MemoryMembership } from "../../simulator/dynamodb/memory-membership.js";
import { blockBase, declared, type FakePeer, SupervisorRig, settled } from "./supervisor-rig.js";

export type Fault = "refused" | "lost";

/** Longer than any pause after which something is tried again, and than a deadline of the shim. */
const pauseMs = 10_000;
const pausesMax = 7;

class SteppedStore implements Membership {
  readonly #inner = new MemoryMembership();
  readonly #waiting: (() => Promise<void>)[] = [];
  /** False: writes are answered at once. */
  stepped = false;
  /** What becomes of the writes to come, in their order; then nothing is wrong any more. */
  faults: (Fault | null)[] = [];

  read(deployId: string, host: string): Promise<HostRecord | null> {
    return this.#inner.read(deployId, host);
  }

  list(deployId: string): Promise<readonly HostRecord[]> {
    return this.#inner.list(deployId);
  }

  apply(write: RecordWrite): Promise<WriteOutcome> {
    if (!this.stepped) return this.#inner.apply(write);
    const fault = this.faults.shift() ?? null;
    return new Promise((resolve, reject) => {
      this.#waiting.push(async () => {
        const outcome = fault === "refused" ? null : await this.#inner.apply(write);
        if (fault === null && outcome !== null) resolve(outcome);
        else reject(new Error(`the store was killed: ${write.kind} ${fault}`));
      });
    });
  }

  async step(): Promise<boolean> {
    const next = this.#waiting.shift();
    await next?.();
    return next !== undefined;
  }
}

export class SleepingWorld {
  readonly store = new SteppedStore();
  readonly rig: SupervisorRig;
  peer: FakePeer;
  #environment: "invoked" | "returned" | "frozen" | "ended" = "invoked";
  #heard = 0;
  #invoked: number;
  #lives = 1;

  private constructor(rig: SupervisorRig, peer: FakePeer, store: SteppedStore) {
    this.rig = rig;
    this.peer = peer;
    this.store = store;
    this.#invoked = rig.invocations.length;
    this.#heard = peer.sent.length;
  }

  /** A host that serves, and never falls asleep of itself. */
  static async open(): Promise<SleepingWorld> {
    const store = new SteppedStore();
    const idle = { ...declared().idle, inFlightMaxMs: 5000 };
    const rig = new SupervisorRig([{ ...declared(), idle }], [], store);
    const peer = await rig.boot();
    await settled();
    store.stepped = true;
    return new SleepingWorld(rig, peer, store);
  }

  get environment(): string {
    return this.#environment;
  }

  get lives(): number {
    return this.#lives;
  }

  record(): Promise<HostRecord | null> {
    return this.store.read("deploy", "web");
  }

  /** The next thing that is due, the store before the environment; false: nothing is. */
  async step(): Promise<boolean> {
    await settled();
    if (await this.store.step()) {
      await settled();
      return true;
    }
    const acted = this.#act();
    await settled();
    return acted;
  }

  /** Until nothing is due any more, however much time passes. */
  async rest(): Promise<void> {
    for (let pauses = 0; pauses < pausesMax; pauses += 1) {
      while (await this.step());
      this.rig.advance(pauseMs);
    }
    while (await this.step());
  }

  connect() {
    return this.rig.client().ask({ type: "connect", address: blockBase + 1, port: 80, pid: 77 });
  }

  /** Data on a connection that is open: nobody notices where no guard stands. */
  data(): void {
    for (const guard of this.rig.guards) guard.signal(null);
  }

  #act(): boolean {
    const { supervisor, invocations } = this.rig;
    const message = this.peer.sent[this.#heard];
    if (message !== undefined) {
      this.#heard += 1;
      if (message.type === "suspend") {
        this.#environment = "returned";
        supervisor.message(this.peer, { type: "environment.returning" });
      } else if (message.type === "terminate") {
        this.#environment = "ended";
        supervisor.message(this.peer, { type: "guest.exited", code: 0, signal: null });
        supervisor.environmentEnded("web", this.peer.pid, { environment: "web", claim: null });
      }
      return true;
    }
    if (this.#invoked < invocations.length) {
      this.#invoked += 1;
      if (this.#environment === "ended") this.#boot();
      else this.#continue();
      return true;
    }
    if (this.#environment !== "returned") return false;
    this.#environment = "frozen";
    supervisor.hosts.get("web")?.environmentFrozen();
    return true;
  }

  #continue(): void {
    this.#environment = "invoked";
    this.rig.supervisor.message(this.peer, { type: "environment.continued" });
  }

  #boot(): void {
    this.#lives += 1;
    this.#environment = "invoked";
    this.peer = this.rig.environment(100 + this.#lives);
    this.#heard = this.peer.sent.length;
    this.rig.supervisor.message(this.peer, { type: "guest.started", pid: 7 });
    this.peer.ask({ type: "bind", port: 80 });
    this.peer.ask({ type: "listen", port: 80 });
  }
}
