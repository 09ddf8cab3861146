/**
 * One declared host on this node: its placeholders always, its lifecycle actor once it was touched.
 * Turns what the kernel, the shim and the environment say into events of the machine, and carries
 * out the effects that the machine emits.
 */
import type { SnapshotFrom } from "xstate";
import type { Cause, Failure, HostEffect, HostEvent } from "../lifecycle/events.js";
import type { hostMachine } from "../lifecycle/machine.js";
import type { HostRecord } from "../ports/membership.js";
import type { Peer, PendingRequest } from "../ports/processes.js";
import type { ControlRequest } from "../protocol/control.js";
import { BindGate } from "./bind-gate.js";
import { type ConnectRefusal, ConnectWaiters, refusalOf } from "./connect-waiters.js";
import type { DeclaredHost } from "./declared-host.js";
import { createHostActor, type HostActor } from "./host-actor.js";
import { HostEnvironment } from "./host-environment.js";
import { type HostChange, HostHistory, type HostState } from "./host-history.js";
import { PlaceholderSet } from "./placeholder-set.js";
import type { SupervisorContext } from "./supervisor-context.js";

/** How long after readiness a port that nobody declared may still be opened by the guest. */
const settleMs = 1_000;

export class SupervisedHost {
  readonly history: HostHistory;
  #declared: DeclaredHost;
  readonly #context: SupervisorContext;
  readonly #placeholders: PlaceholderSet;
  readonly #waiters = new ConnectWaiters();
  readonly #gate = new BindGate();
  readonly environment: HostEnvironment;
  #record: HostRecord | null;
  #lastEnvironment: string | null = null;
  #retired = false;
  #actor: HostActor | null = null;
  /** What the actor was started with: a redeclared host gets a new one for its next life. */
  #actorDeclared: DeclaredHost | null = null;
  #settled: (() => void) | null = null;

  constructor(
    declared: DeclaredHost,
    record: HostRecord | null,
    context: SupervisorContext,
    onChange: (change: HostChange) => void,
  ) {
    this.#declared = declared;
    this.#record = record;
    this.#context = context;
    this.history = new HostHistory(declared.name, context.ports.clock, onChange);
    this.environment = new HostEnvironment({
      log: context.ports.log,
      send: (event) => this.#send(event),
      accepted: () => this.#snapshot()?.context.environment ?? null,
      incarnation: () => this.incarnation,
    });
    this.#placeholders = new PlaceholderSet(
      declared.address,
      context.ports.sockets,
      (port, source) => this.#connectionWaits(port, source),
    );
  }

  get declared(): DeclaredHost {
    return this.#declared;
  }

  get state(): HostState {
    return this.history.state;
  }

  get incarnation(): number {
    return this.#snapshot()?.context.record?.incarnation ?? this.#record?.incarnation ?? 0;
  }

  get failure(): Failure | null {
    return this.#snapshot()?.context.failure ?? null;
  }

  get failuresInARow(): number {
    return this.#snapshot()?.context.record?.failure?.count ?? 1;
  }

  /** Opens and watches the placeholders of the declared ports; throws what a port refuses. */
  open(): void {
    this.#placeholders.declare(this.#declared.tcpPorts);
  }

  /** A new manifest: takes effect at once for ports, at the next boot for everything else. */
  redeclare(declared: DeclaredHost): void {
    this.#declared = declared;
    this.#placeholders.declare(declared.tcpPorts);
  }

  wake(cause: Cause): void {
    if (this.#retired) return;
    this.#send({ type: "wake.requested", cause });
  }

  /** It is no longer declared: nothing wakes it any more, whoever waits is told so. */
  retire(): void {
    this.#retired = true;
    this.#waiters.refuseAll("EHOSTUNREACH");
  }

  stop(cause: Cause): void {
    if (this.#actor !== null) this.#send({ type: "stop.requested", cause });
  }

  /** A request of one of this host's own guests. */
  guestRequest(peer: Peer, pending: PendingRequest): void {
    const { request } = pending;
    const incarnation = this.environment.incarnationOf(peer);
    if (incarnation === null) {
      this.#gate.refuse(pending);
      return;
    }
    if (request.type === "bind") {
      const { address } = this.#declared;
      this.#gate.pass(pending, () => this.#gate.answer(pending, this.#placeholders, address));
    } else if (request.type === "listen") {
      this.#listening(request, incarnation);
    } else if (request.type === "close") {
      this.#placeholders.noteClosed(request.port);
    }
  }

  #listening({ port, handedOver }: ControlRequest, incarnation: number): void {
    this.#placeholders.noteListening(port, handedOver);
    this.#waiters.admitPort(port);
    if (port === this.#declared.readyPort) this.#send({ type: "guest.ready", incarnation });
  }

  /** A connect to this host by a process that runs under the shim. */
  connectRequest(pending: PendingRequest, by: string): void {
    const { port, nonblocking } = pending.request;
    if (this.#retired) {
      this.#waiters.refuse(pending, "EHOSTUNREACH");
      return;
    }
    if (this.state === "failed" && !this.#retryable()) {
      this.#waiters.refuse(pending, this.#refusal());
      return;
    }
    if (this.state === "running") {
      this.#waiters.admit(pending);
      return;
    }
    if (!this.#held(port)) {
      this.#waiters.refuse(pending, "ECONNREFUSED");
      return;
    }
    if (nonblocking) this.#waiters.admit(pending);
    else this.#waiters.add(pending, by);
    this.wake(this.#cause("connect", by, port));
  }

  close(): void {
    this.#settled?.();
    this.#actor?.stop();
    this.#waiters.refuseAll("EHOSTUNREACH");
    this.#gate.shut();
    this.#placeholders.close();
  }

  /** Whether connects to the port can wait for the host: it has, or now gets, a placeholder. */
  #held(port: number): boolean {
    try {
      return this.#placeholders.openOnDemand(port);
    } catch (error) {
      this.#context.ports.log.warn({ host: this.#declared.name, port, err: error }, "not held");
      return false;
    }
  }

  #connectionWaits(port: number, source: number | null): void {
    const by = source === null ? "outside" : this.#context.nameOf(source);
    this.wake(this.#cause("connect", by, port));
  }

  #cause(signal: Cause["signal"], by: string, port: number | null): Cause {
    const { clock } = this.#context.ports;
    return { signal, by, port, atMs: clock.nowMs(), startedMs: clock.monotonicMs() };
  }

  #send(event: HostEvent): void {
    const settled = this.state === "imaginary" || this.state === "failed";
    if (this.#actor === null || (settled && this.#actorDeclared !== this.#declared)) {
      this.#actor?.stop();
      this.#actor = this.#startActor();
    }
    this.#actor.send(event);
  }

  #startActor(): HostActor {
    this.#actorDeclared = this.#declared;
    const found = { record: this.#record, lastEnvironment: this.#lastEnvironment };
    const actor = createHostActor(this.#context, this.#declared, found);
    actor.start();
    actor.on("*", (effect) => this.#carryOutGuarded(effect));
    actor.subscribe((snapshot) => this.#observe(snapshot));
    return actor;
  }

  #observe(snapshot: SnapshotFrom<typeof hostMachine>): void {
    this.#record = snapshot.context.record;
    this.#lastEnvironment = snapshot.context.lastEnvironment;
    const entered = this.history.observe(snapshot);
    const { address } = this.#declared;
    if (entered !== null) this.#context.ports.nameTable.setRunning(address, entered === "running");
    // Whom this life never served is not a reason for the next one.
    if (entered === "terminating") this.#waiters.refuseAll("ECONNREFUSED");
    if (entered === "imaginary") this.#wakeForWaiters();
  }

  /** Connects that came while the last life was ending are the reason for the next. */
  #wakeForWaiters(): void {
    const first = this.#waiters.first();
    if (first !== null) this.wake(this.#cause("connect", first.by, first.port));
  }

  /** What the kernel refuses for one host must not end the supervisor of all. */
  #carryOutGuarded(effect: HostEffect): void {
    try {
      this.#carryOut(effect);
    } catch (error) {
      const { log } = this.#context.ports;
      log.error({ host: this.#declared.name, effect: effect.type, err: error }, "not carried out");
    }
  }

  #carryOut(effect: HostEffect): void {
    switch (effect.type) {
      case "placeholders.watched":
        this.environment.leave();
        this.#gate.shut();
        this.#settled?.();
        this.#placeholders.watch();
        return;
      case "environment.accepted":
        this.environment.tell({ type: "environment.accepted" });
        return;
      case "gate.opened":
        this.#gate.open();
        return;
      case "connects.admitted":
        this.#placeholders.unwatch();
        this.#waiters.admitPorts(this.#declared.tcpPorts);
        this.#settleLater();
        return;
      case "connects.refused":
        this.#waiters.refuseAll(refusalOf(effect.failure.code));
        this.#placeholders.resetQueues();
        return;
      case "guest.terminated":
        this.environment.tell({ type: "terminate", graceMs: effect.graceMs });
        return;
      case "event.refused":
        this.#context.ports.log.info({ host: this.#declared.name, ...effect }, "event refused");
        return;
      default:
        effect satisfies never;
    }
  }

  #settleLater(): void {
    const { clock } = this.#context.ports;
    const timer = clock.setTimeout(() => {
      this.#settled = null;
      this.#placeholders.closeUnclaimed();
      this.#waiters.refuseAll("ECONNREFUSED");
    }, settleMs);
    this.#settled = () => {
      clock.clearTimeout(timer);
      this.#settled = null;
    };
  }

  #retryable(): boolean {
    return this.#snapshot()?.matches({ failed: "retryable" }) ?? true;
  }

  #refusal(): ConnectRefusal {
    return refusalOf(this.failure?.code ?? "");
  }

  #snapshot(): SnapshotFrom<typeof hostMachine> | null {
    return this.#actor?.getSnapshot() ?? null;
  }
}
