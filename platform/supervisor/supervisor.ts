/**
 * Makes the model true for one deployment on one node: hosts appear when they are needed. Knows the
 * world through ports only, so that the same code runs in the simulated world.
 */
import { ImError } from "../errors/im-error.js";
import type { Cause } from "../lifecycle/events.js";
import { parseAddress } from "../network/layout.js";
import type { HostRecord } from "../ports/membership.js";
import type { Peer } from "../ports/processes.js";
import type { EnvironmentMessage } from "../protocol/environment.js";
import { ByHand } from "./by-hand.js";
import { type Client, Clients } from "./clients.js";
import type { DeclaredHost } from "./declared-host.js";
import { FirstRead } from "./first-read.js";
import { HostChanges } from "./host-changes.js";
import type { Ending, EnvironmentReport } from "./host-environment.js";
import type { HostChange } from "./host-history.js";
import { Origins, type Resident } from "./origins.js";
import { Redeclarations } from "./redeclarations.js";
import { Requests } from "./requests.js";
import { SupervisedHost } from "./supervised-host.js";
import type { SupervisorContext, SupervisorPorts } from "./supervisor-context.js";
import { tableEntry } from "./table-entry.js";

export interface SupervisorOptions {
  readonly deployment: string;
  readonly deployId: string;
  readonly nodeId: string;
  /** First address of the deployment's block. */
  readonly blockBase: number;
  readonly ports: SupervisorPorts;
}

export class Supervisor {
  readonly origins: Origins;
  readonly #options: SupervisorOptions;
  readonly #context: SupervisorContext;
  readonly #hosts = new Map<string, SupervisedHost>();
  #declared: readonly DeclaredHost[] = [];
  readonly #byAddress = new Map<number, SupervisedHost>();
  readonly #clients: Clients;
  readonly #requests: Requests;
  readonly #environments = new Map<Peer, SupervisedHost>();
  readonly #redeclarations: Redeclarations;
  readonly #changes = new HostChanges();
  /** Of what an earlier supervisor left; null: all is known. */
  #reading: FirstRead | null = null;
  readonly #byHand = new ByHand({
    changes: this.#changes,
    cause: (signal) => this.#cause(signal),
    gone: (name) => this.#noHost(name),
  });

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clients = new Clients(options.blockBase);
    const { ports, deployId, nodeId } = options;
    this.#requests = new Requests(ports, this.#byAddress, this.#clients);
    this.#redeclarations = new Redeclarations(ports.log);
    this.origins = new Origins(ports, (address) => this.#residentAt(address));
    const shared = { ports, deployId, nodeId, sentAt: new WeakMap(), sightings: new Map() };
    const onMapped = () => this.#publish();
    this.#context = { ...shared, origins: this.origins, onMapped };
  }

  get hosts(): ReadonlyMap<string, SupervisedHost> {
    return this.#hosts;
  }

  /** Calls back for every change of state of every host; the result ends that. */
  onChange(listener: (change: HostChange) => void): () => void {
    return this.#changes.listen(listener);
  }

  /** Why the hosts that an earlier supervisor left cannot be judged yet; null: they are. */
  get unread(): ImError | null {
    return this.#reading?.refusal ?? null;
  }

  /**
   * Makes these hosts the declared ones, of which an earlier supervisor may have left lives. They
   * are held at once, and known when the store has been read: then `onRead` takes the lives up.
   * Resolves after that, or after `close`. Throws as `declare` does.
   */
  restore(declared: readonly DeclaredHost[], onRead: () => void): Promise<void> {
    this.declare(declared, "unread");
    const reading = new FirstRead(this.#context.ports);
    this.#reading = reading;
    return reading.run(this.#options.deployId, (records) => {
      this.#reading = null;
      const recordOf = new Map(records.map((record) => [record.host, record]));
      const wanted = [...this.#hosts].map(([name, host]) => ({
        host,
        cause: host.learn(recordOf.get(name) ?? null),
      }));
      onRead();
      reading.replay((peer, { report, more }) => {
        this.environmentReported(peer, report);
        for (const message of more) this.message(peer, message);
      });
      for (const { host, cause } of wanted) if (cause !== null) host.wake(cause);
    });
  }

  /**
   * Makes exactly these hosts the declared ones. `records` are the membership items that exist.
   * Where a port cannot be held, or `store` throws, nothing is changed and the reason is thrown:
   * `store` is called when every new port is held and nothing else has happened.
   */
  declare(
    declared: readonly DeclaredHost[],
    records: readonly HostRecord[] | "unread",
    store: () => void = () => undefined,
  ): void {
    const recordOf =
      records === "unread" ? null : new Map(records.map((record) => [record.host, record]));
    const opened: SupervisedHost[] = [];
    const undo: (() => void)[] = [];
    try {
      for (const host of declared) {
        const existing = this.#hosts.get(host.name);
        if (existing !== undefined) {
          undo.push(this.#redeclarations.holdPorts(existing, host));
          continue;
        }
        const record = recordOf === null ? "unread" : (recordOf.get(host.name) ?? null);
        const supervised = new SupervisedHost(host, record, this.#context, (change) =>
          this.#changed(change),
        );
        opened.push(supervised);
        supervised.open();
      }
      store();
    } catch (error) {
      for (const supervised of opened) supervised.close();
      for (const restore of undo) restore();
      throw error;
    }
    for (const supervised of opened) {
      this.#hosts.set(supervised.declared.name, supervised);
      this.#byAddress.set(supervised.declared.address, supervised);
    }
    for (const host of declared) this.#redeclarations.add(this.#hosts.get(host.name), host);
    this.#declared = declared;
    this.#publish();
  }

  /** The port that is really bound for a host's declared one. */
  mappedPort(address: number, port: DeclaredHost["listen"][number]): number {
    return this.#byAddress.get(address)?.mappedPort(port) ?? port.port;
  }

  /** A host that is no longer declared; the caller has stopped it. */
  forget(name: string): void {
    const host = this.#hosts.get(name);
    if (host === undefined) return;
    this.#changes.forget(name);
    host.close();
    this.#hosts.delete(name);
    this.#byAddress.delete(host.declared.address);
  }

  /** Resolves when the host is running; rejects with the reason where it fails. */
  wake(name: string): Promise<void> {
    return this.#refused() ?? this.#byHand.wake(this.#require(name));
  }

  /** Resolves when the host sleeps. Rejects with `ImError` IM_HOST_BUSY where it cannot. */
  suspend(name: string): Promise<void> {
    return this.#refused() ?? this.#byHand.suspend(this.#require(name));
  }

  /** Resolves when the host is imaginary, or has failed, and none of its guests runs. */
  stop(name: string): Promise<void> {
    return this.#refused() ?? this.#byHand.stop(this.#require(name));
  }

  /** These hosts are on their way out for good: nothing wakes them any more. */
  retire(names: Iterable<string>): void {
    for (const name of names) this.#hosts.get(name)?.retire();
  }

  /** The first message of a client: gives it an address. Throws where there is none left. */
  clientStarted(
    peer: Peer,
    message: Extract<EnvironmentMessage, { type: "client.started" }>,
  ): Client | SupervisedHost {
    if (message.as !== null) {
      const host = this.#require(message.as);
      peer.listen((pending) => this.#requests.ofClient(peer, pending, host.declared.name));
      return host;
    }
    const client = this.#clients.add(peer, message.program);
    peer.listen((pending) => this.#requests.ofClient(peer, pending, client.program));
    return client;
  }

  /** The first message of an environment. */
  environmentReported(peer: Peer, message: EnvironmentReport): void {
    if (this.#reading === null) {
      this.#admit(peer, message.host)?.environment.report(peer, message);
      return;
    }
    if (message.type !== "environment.misdirected") this.#hosts.get(message.host)?.met();
    this.#reading.report(peer, message);
  }

  /** A client that an earlier supervisor of this node knew; it keeps its address. */
  clientResumed(
    peer: Peer,
    message: Extract<EnvironmentMessage, { type: "client.resumed" }>,
  ): boolean {
    const { as, program } = message;
    const address = parseAddress(message.address);
    const known = as === null ? this.#clients.resume(peer, program, address) : this.#hosts.get(as);
    if (known === null || known === undefined) return false;
    peer.listen((pending) => this.#requests.ofClient(peer, pending, as ?? program));
    return true;
  }

  /**
   * Takes up what an earlier supervisor of this node left; these claims are invoked already.
   * `moved`: at other addresses than these hosts have by now.
   */
  adopt(invoked: ReadonlySet<string | null>, moved = false): void {
    for (const host of this.#hosts.values()) host.adopt(invoked, moved);
  }

  message(peer: Peer, message: EnvironmentMessage): void {
    if (this.#reading !== null) this.#reading.message(peer, message);
    else this.#environments.get(peer)?.environment.message(peer, message);
  }

  peerClosed(peer: Peer): void {
    this.#reading?.forget(peer);
    this.#clients.remove(peer);
    this.#environments.delete(peer);
  }

  /** The engine's proof: nothing of the environment with this host-runtime runs any more. */
  environmentEnded(host: string, runtimePid: number, ending: Ending): void {
    this.#hosts.get(host)?.environment.ended(runtimePid, ending);
  }

  /** Closes every placeholder. The caller has stopped what ran. */
  close(): void {
    this.#reading?.end();
    for (const name of [...this.#hosts.keys()]) this.forget(name);
  }

  #admit(peer: Peer, name: string): SupervisedHost | null {
    const host = this.#hosts.get(name);
    if (host === undefined) {
      peer.send({ type: "environment.refused", reason: "no such host is declared" });
      return null;
    }
    this.#environments.set(peer, host);
    peer.listen((pending) => this.#requests.ofGuest(peer, host, pending));
    return host;
  }

  #cause(signal: Cause["signal"]): Cause {
    return this.origins.cause({ signal, by: "im" });
  }

  #publish(): void {
    const hosts = this.#declared.flatMap(({ name }) => this.#hosts.get(name) ?? []);
    this.#context.ports.nameTable.publish(hosts.map(tableEntry));
  }

  #residentAt(address: number): Resident | null {
    const host = this.#byAddress.get(address);
    if (host === undefined) return this.#clients.residentAt(address);
    return { name: host.declared.name, rootPid: host.environment.processes?.runtime ?? null };
  }

  #changed(change: HostChange): void {
    this.#redeclarations.takeEffect(this.#hosts.get(change.host));
    this.#changes.tell(change);
  }

  /** Nobody can say yet what there is to be woken or stopped. */
  #refused(): Promise<never> | null {
    const { unread } = this;
    return unread === null ? null : Promise.reject(unread);
  }

  #require(name: string): SupervisedHost {
    const host = this.#hosts.get(name);
    if (host !== undefined) return host;
    throw this.#noHost(name);
  }

  #noHost(name: string): ImError {
    const what = `there is no host \`${name}\` in ${this.#options.deployment}`;
    return new ImError("IM_NO_HOST", { what, received: name });
  }
}
