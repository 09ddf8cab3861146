/**
 * One declared host on this node: its placeholders always, its lifecycle actor once it was touched.
 * Turns what the kernel, the shim and the environment say into events of the machine, and carries
 * out the effects that the machine emits.
 */
import type { AwakeReason, Verdict } from "../idle/awake-reason.js";
import type { Cause, Failure, HostEvent } from "../lifecycle/events.js";
import type { ListenPort } from "../manifest/manifest.js";
import type { CloudEnvironment } from "../ports/cloud.js";
import type { HostRecord } from "../ports/membership.js";
import type { PendingRequest } from "../ports/processes.js";
import { answerConnect } from "./connect-request.js";
import { ConnectWaiters } from "./connect-waiters.js";
import type { DeclaredHost } from "./declared-host.js";
import { GuestListeners } from "./guest-listeners.js";
import { carryOut, type HostParts } from "./host-effects.js";
import { HostEnvironment } from "./host-environment.js";
import { type HostChange, HostHistory, type HostState } from "./host-history.js";
import { type HostLease, leaseOf } from "./host-lease.js";
import { HostLife, type HostSnapshot } from "./host-life.js";
import { type HostRoute, routeOf } from "./host-route.js";
import { HostSleep } from "./host-sleep.js";
import { PlaceholderSet } from "./placeholder-set.js";
import { SettleTimer } from "./settle-timer.js";
import type { SupervisorContext } from "./supervisor-context.js";
import { Unread } from "./unread.js";

export class SupervisedHost {
  readonly history: HostHistory;
  #declared: DeclaredHost;
  readonly #context: SupervisorContext;
  readonly #placeholders: PlaceholderSet;
  readonly #waiters = new ConnectWaiters();
  readonly listeners: GuestListeners;
  readonly environment: HostEnvironment;
  readonly #life: HostLife;
  readonly #settling: SettleTimer;
  /** null: nobody else could have the host. */
  readonly #lease: HostLease | null;
  readonly #route: HostRoute | null;
  #retired = false;
  /** null: what the store knows of it is known. */
  #unread: Unread | null = null;
  /** Of a host that has served, or is woken by time. */
  #sleep: HostSleep | null = null;

  constructor(
    declared: DeclaredHost,
    record: HostRecord | null | "unread",
    context: SupervisorContext,
    onChange: (change: HostChange) => void,
  ) {
    this.#declared = declared;
    this.#context = context;
    this.#life = new HostLife(context, record === "unread" ? null : record, {
      onEffect: (effect) => carryOut(effect, this.#parts),
      onSnapshot: (snapshot) => this.#observe(snapshot),
    });
    this.history = new HostHistory(declared.name, context, onChange);
    this.environment = new HostEnvironment({
      log: context.ports.log,
      send: (event) => this.#send(event),
      accepted: () => this.#life.environment,
      incarnation: () => this.incarnation,
      claim: () => this.#life.claim,
      home: () => this.#life.home,
      recalled: () => this.#life.recalled,
      opened: () => !this.history.wasWaking || this.#placeholders.meet(this.#declared.readyPort),
      reached: (step) => context.ports.reached(step, declared.name),
    });
    const shared = { context, declared, send: (event: HostEvent) => this.#send(event) };
    this.#lease = leaseOf(shared);
    this.#route = routeOf({ ...shared, onCarried: () => this.#placeholders.watch() });
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
    const { clock } = context.ports;
    if (record === "unread") this.#unread = new Unread(clock, this.#waiters, this.#placeholders);
    this.listeners = new GuestListeners({
      declared: () => this.#declared,
      placeholders: this.#placeholders,
      waiters: this.#waiters,
      incarnationOf: (peer) => this.environment.incarnationOf(peer),
      onReady: (incarnation) => this.#send({ type: "guest.ready", incarnation }),
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

  /** What the store knows of an unread host. Returns why it is wanted; null: it is not. */
  learn(record: HostRecord | null): Cause | null {
    const wanted = this.#unread?.end() ?? null;
    this.#unread = null;
    this.#life.learn(record);
    return wanted;
  }

  /** Takes up a life that an earlier supervisor of this node left behind. */
  adopt(invoked: ReadonlySet<string | null>, moved: boolean): void {
    const snapshot = this.#life.adopt(this.#declared, invoked, moved || this.#placeholders.lost);
    if (snapshot === null) return;
    // Of a boot that is under way no guest can have bound yet: binds wait for the registration.
    const { state, memory } = snapshot.context.record ?? {};
    if (state === "running" || typeof memory === "string") this.#placeholders.adopt();
    else this.#placeholders.unwatch();
    this.history.resume(snapshot);
    this.#publishState();
  }

  /** After a restart: the environments that the cloud has, by name; none of a life that is over. */
  reconcile(environments: ReadonlyMap<string, CloudEnvironment>): void {
    const { home } = this.#life;
    if (home === null || this.environment.processes !== null) return;
    const { incarnation } = this;
    const found = environments.get(home);
    if (found === undefined) this.#send({ type: "environment.ended", incarnation });
    else if (this.state === "suspended" && found.pid !== null) {
      this.environment.asleepIn(found.pid);
      this.#sleeper.recover();
    } else if (!found.invoked) this.#send({ type: "environment.returning", incarnation });
  }

  /** An environment speaks for it before it is known. */
  met(): void {
    this.#unread?.met();
  }

  mayLiveIn(environment: string): boolean {
    return this.#unread !== null || this.#life.mayLiveIn(environment);
  }

  /** Nothing of the environment runs any more, and none of it will until it is invoked again. */
  environmentFrozen(): void {
    if (!this.#life.touched) return;
    this.#send({ type: "environment.frozen", incarnation: this.incarnation });
  }

  /** Why it is awake, as of the last look; null: it does not serve, or nobody has looked. */
  get verdict(): Verdict | null {
    return this.#sleep?.verdict ?? null;
  }

  /** Asks it to sleep. null: it is about to; else what it still has to do. */
  suspend(cause: Cause): AwakeReason | "not serving" | null {
    if (this.#sleep === null) return "not serving";
    return this.#sleep.request(cause);
  }

  /** Opens and watches the placeholders of the declared ports; throws what a port refuses. */
  open(): void {
    this.#placeholders.declare(this.#declared.listen);
    if (this.#declared.wakeEveryMs !== null) this.#sleeper.rest();
  }

  /** A new manifest, while it is at rest: of ports and time at once, else of the next boot. */
  redeclare(declared: DeclaredHost): void {
    const isTimed = declared.wakeEveryMs !== this.#declared.wakeEveryMs;
    this.#declared = declared;
    if (isTimed) this.#sleeper.rest();
    this.#placeholders.declare(declared.listen);
  }

  wake(cause: Cause): void {
    if (this.#retired) return;
    if (this.#unread !== null) this.#unread.wake(cause);
    else this.#send({ type: "wake.requested", cause });
  }

  /** It is no longer declared: nothing wakes it any more, whoever waits is told so. */
  retire(): void {
    this.#retired = true;
    this.#waiters.refuseAll("EHOSTUNREACH");
  }

  stop(cause: Cause): void {
    if (this.#life.touched) this.#send({ type: "stop.requested", cause });
  }

  /** A connect to this host by a process that runs under the shim. */
  connectRequest(pending: PendingRequest, by: string): void {
    const { port, pid } = pending.request;
    answerConnect(pending, by, {
      ...{ state: this.state, failure: this.failure, waiters: this.#waiters },
      ...{ retired: this.#retired, asleep: this.#life.asleep, retryable: this.#life.retryable },
      placeholders: this.#placeholders,
      wakeFor: () => this.wake(this.#context.origins.cause({ signal: "connect", by, port, pid })),
    });
  }

  /** Another node knows this life of the host: what is older here is over. */
  seen(incarnation: number): void {
    if (incarnation <= this.incarnation || !this.#life.touched) return;
    this.#send({ type: "lease.expired", incarnation: this.incarnation });
  }

  close(): void {
    this.#unread?.end();
    this.#settling.cancel();
    this.#lease?.leave();
    this.#life.stop();
    this.#waiters.refuseAll("EHOSTUNREACH");
    this.listeners.shut();
    this.#sleep?.leave();
    this.#placeholders.close();
  }

  get #parts(): HostParts {
    const { declared, environment, listeners } = this;
    return {
      ...{ declared, environment, listeners, ports: this.#context.ports },
      ...{ settling: this.#settling, placeholders: this.#placeholders, waiters: this.#waiters },
      ...{ sleep: this.#sleep, sleeper: () => this.#sleeper },
      route: (node, incarnation) => this.#route?.follow(node, incarnation),
    };
  }

  get #sleeper(): HostSleep {
    this.#sleep ??= new HostSleep({
      context: this.#context,
      declared: () => this.#declared,
      runtimePid: () => this.environment.runtimePid,
      serves: (port) => this.#placeholders.holds(port),
      waiting: () => this.#placeholders.waiting(),
      onIdle: (cause) => this.#send({ type: "sleep.requested", cause }),
      onSignal: (cause) => this.wake(cause),
      onFound: (cause) => this.#send({ type: "cause.found", cause }),
    });
    return this.#sleep;
  }

  #send(event: HostEvent): void {
    const atRest = this.state === "imaginary" || this.state === "failed";
    this.#life.send(event, this.#declared, atRest);
  }

  #observe(snapshot: HostSnapshot): void {
    this.#lease?.observe(snapshot);
    const entered = this.history.observe(snapshot);
    if (entered === "terminating" || entered === "failed") this.#placeholders.leave();
    if (entered === "suspending") this.#sleeper.asleep();
    if (entered === "terminating") this.#sleep?.leave();
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
}
