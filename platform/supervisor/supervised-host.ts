/**
 * One declared host on this node: its placeholders always, its lifecycle actor once it was touched.
 * Turns what the kernel, the shim and the environment say into events of the machine, and carries
 * out the effects that the machine emits.
 */
import type { Verdict } from "../idle/awake-reason.js";
import type { Cause, Failure, HostEffect, HostEvent } from "../lifecycle/events.js";
import type { ListenPort } from "../manifest/manifest.js";
import type { HostRecord } from "../ports/membership.js";
import type { Peer, PendingRequest } from "../ports/processes.js";
import type { ControlRequest } from "../protocol/control.js";
import { BindGate } from "./bind-gate.js";
import { ConnectWaiters, refusalOf } from "./connect-waiters.js";
import { type DeclaredHost, tcpPorts } from "./declared-host.js";
import { HostEnvironment } from "./host-environment.js";
import { type HostChange, HostHistory, type HostState } from "./host-history.js";
import { HostLife, type HostSnapshot } from "./host-life.js";
import { PlaceholderSet } from "./placeholder-set.js";
import { SettleTimer } from "./settle-timer.js";
import type { SupervisorContext } from "./supervisor-context.js";

export class SupervisedHost {
  readonly history: HostHistory;
  #declared: DeclaredHost;
  readonly #context: SupervisorContext;
  readonly #placeholders: PlaceholderSet;
  readonly #waiters = new ConnectWaiters();
  readonly #gate = new BindGate();
  readonly environment: HostEnvironment;
  readonly #life: HostLife;
  readonly #settling: SettleTimer;
  #retired = false;
  readonly #verdict: Verdict | null = null;

  constructor(
    declared: DeclaredHost,
    record: HostRecord | null,
    context: SupervisorContext,
    onChange: (change: HostChange) => void,
  ) {
    this.#declared = declared;
    this.#context = context;
    this.#life = new HostLife(context, record, {
      onEffect: (effect) => this.#carryOut(effect),
      onSnapshot: (snapshot) => this.#observe(snapshot),
    });
    this.history = new HostHistory(declared.name, context, onChange);
    this.environment = new HostEnvironment({
      log: context.ports.log,
      send: (event) => this.#send(event),
      accepted: () => this.#life.environment,
      incarnation: () => this.incarnation,
      claim: () => this.#life.claim,
      sought: () => this.#life.sought,
      recalled: () => this.#life.recalled,
      reached: (step) => context.ports.reached(step, declared.name),
    });
    this.#settling = new SettleTimer(context.ports.clock, () => {
      this.#placeholders.closeUnclaimed();
      this.#waiters.refuseAll("ECONNREFUSED");
    });
    this.#placeholders = new PlaceholderSet({
      ports: context.ports,
      address: declared.address,
      rootPid: () => this.environment.processes?.runtime ?? null,
      onWaiting: (port, source) => this.wake(context.origins.arrival(port, source)),
      onChange: () => this.#publishState(),
      onMapped: context.onMapped,
    });
  }

  get declared(): DeclaredHost {
    return this.#declared;
  }

  /** The port that is really bound for a declared one. */
  mappedPort(port: ListenPort): number {
    return this.#placeholders.mapped(port);
  }

  declares({ port, protocol }: ListenPort): boolean {
    return this.#declared.listen.some((one) => one.port === port && one.protocol === protocol);
  }

  get state(): HostState {
    return this.history.state;
  }

  get incarnation(): number {
    return this.#life.incarnation;
  }

  /** Of the last look at it; null: it has not been looked at in this life. */
  get verdict(): Verdict | null {
    return this.#verdict;
  }

  /** Of the present life, from one invocation to the next. */
  get handOvers(): number {
    return this.#life.handOvers;
  }

  get failure(): Failure | null {
    return this.#life.failure;
  }

  get failuresInARow(): number {
    return this.#life.failuresInARow;
  }

  /** Takes up a life that an earlier supervisor of this node left behind. */
  adopt(invoked: ReadonlySet<string | null>): void {
    const snapshot = this.#life.adopt(this.#declared, invoked, this.#placeholders.lost);
    if (snapshot === null) return;
    // Of a boot that is under way no guest can have bound yet: binds wait for the registration.
    if (snapshot.context.record?.state === "running") this.#placeholders.adopt();
    else this.#placeholders.unwatch();
    this.history.resume(snapshot);
    this.#publishState();
  }

  /** The engine's environment of this host has no invocation, and may be frozen. */
  environmentReturned(): void {
    if (this.environment.processes !== null) return;
    this.#send({ type: "environment.returning", incarnation: this.incarnation });
  }

  /** The engine has no environment of this host: what was left behind did not survive. */
  environmentMissing(): void {
    if (this.environment.processes !== null) return;
    this.#send({ type: "environment.ended", incarnation: this.incarnation });
  }

  /** Opens and watches the placeholders of the declared ports; throws what a port refuses. */
  open(): void {
    this.#placeholders.declare(this.#declared.listen);
  }

  /** A new manifest: takes effect at once for ports, at the next boot for everything else. */
  redeclare(declared: DeclaredHost): void {
    this.#declared = declared;
    this.#placeholders.declare(declared.listen);
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
    if (this.#life.touched) this.#send({ type: "stop.requested", cause });
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
      this.#placeholders.noteClosed(request);
    }
  }

  /** A guest that connects to its own host is not waited for: it would wait for itself. */
  ownConnect(pending: PendingRequest): void {
    if (this.#placeholders.listening(pending.request.port)) this.#waiters.admit(pending);
    else this.#waiters.refuse(pending, "ECONNREFUSED");
  }

  #listening(request: ControlRequest, incarnation: number): void {
    const { port, protocol } = request;
    const { readyPort } = this.#declared;
    this.#placeholders.noteListening(request);
    if (protocol === "tcp") this.#waiters.admitPort(port);
    if (port === readyPort?.port && protocol === readyPort.protocol) {
      this.#send({ type: "guest.ready", incarnation });
    }
  }

  /** A connect to this host by a process that runs under the shim. */
  connectRequest(pending: PendingRequest, by: string): void {
    const { port, nonblocking, pid } = pending.request;
    if (this.#retired) {
      this.#waiters.refuse(pending, "EHOSTUNREACH");
      return;
    }
    if (this.state === "failed" && !this.#life.retryable) {
      this.#waiters.refuse(pending, refusalOf(this.failure?.code ?? ""));
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
    this.wake(this.#context.origins.cause({ signal: "connect", by, port, pid }));
  }

  close(): void {
    this.#settling.cancel();
    this.#life.stop();
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

  #send(event: HostEvent): void {
    const atRest = this.state === "imaginary" || this.state === "failed";
    this.#life.send(event, this.#declared, atRest);
  }

  #observe(snapshot: HostSnapshot): void {
    const entered = this.history.observe(snapshot);
    if (entered !== null && entered !== "running") this.#placeholders.leave();
    if (entered !== null) this.#publishState();
    // Whom this life never served is not a reason for the next one.
    if (entered === "terminating") this.#waiters.refuseAll("ECONNREFUSED");
    if (entered === "imaginary") this.#wakeForWaiters();
  }

  /** Dialled without a question only while every port of it tells the truth. */
  #publishState(): void {
    const running = this.state === "running" && this.#placeholders.complete;
    this.#context.ports.nameTable.setRunning(this.#declared.address, running);
  }

  /** Connects that came while the last life was ending are the reason for the next. */
  #wakeForWaiters(): void {
    const first = this.#waiters.first();
    if (first !== null) this.wake(this.#context.origins.cause({ signal: "connect", ...first }));
  }

  #carryOut(effect: HostEffect): void {
    switch (effect.type) {
      case "placeholders.watched":
        this.environment.leave();
        this.#gate.shut();
        this.#settling.cancel();
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
        this.#placeholders.serve(this.#declared.bootTimeoutMs);
        this.#waiters.admitPorts(tcpPorts(this.#declared));
        this.#settling.start();
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
}
