/**
 * Makes the model true for one deployment on one node: hosts appear when they are needed. Knows the
 * world through ports only, so that the same code runs in the simulated world.
 */
import { constants } from "node:os";
import { isErrorCode } from "../errors/catalogue.js";
import { ImError } from "../errors/im-error.js";
import type { Cause } from "../lifecycle/events.js";
import { formatAddress } from "../network/layout.js";
import type { HostRecord } from "../ports/membership.js";
import type { NameTableEntry } from "../ports/name-table.js";
import type { Peer, PendingRequest } from "../ports/processes.js";
import type { EnvironmentMessage } from "../protocol/environment.js";
import { type Client, Clients } from "./clients.js";
import type { DeclaredHost } from "./declared-host.js";
import type { HostChange } from "./host-history.js";
import { SupervisedHost } from "./supervised-host.js";
import type { SupervisorContext, SupervisorPorts } from "./supervisor-context.js";

export interface SupervisorOptions {
  readonly deployment: string;
  readonly deployId: string;
  readonly nodeId: string;
  /** First address of the deployment's block. */
  readonly blockBase: number;
  readonly ports: SupervisorPorts;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #context: SupervisorContext;
  readonly #hosts = new Map<string, SupervisedHost>();
  readonly #byAddress = new Map<number, SupervisedHost>();
  readonly #clients: Clients;
  readonly #environments = new Map<Peer, SupervisedHost>();
  readonly #listeners = new Set<(change: HostChange) => void>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#clients = new Clients(options.blockBase);
    const { ports, deployId, nodeId } = options;
    this.#context = { ports, deployId, nodeId, nameOf: (address) => this.#nameOf(address) };
  }

  get hosts(): ReadonlyMap<string, SupervisedHost> {
    return this.#hosts;
  }

  /** Calls back for every change of state of every host; the result ends that. */
  onChange(listener: (change: HostChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Makes exactly these hosts the declared ones. `records` are the membership items that exist.
   * Where a port cannot be held nothing is changed and the reason is thrown.
   */
  declare(declared: readonly DeclaredHost[], records: readonly HostRecord[]): void {
    const recordOf = new Map(records.map((record) => [record.host, record]));
    const opened: SupervisedHost[] = [];
    try {
      for (const host of declared) {
        if (this.#hosts.has(host.name)) continue;
        const record = recordOf.get(host.name) ?? null;
        const supervised = new SupervisedHost(host, record, this.#context, (change) =>
          this.#changed(change),
        );
        opened.push(supervised);
        supervised.open();
      }
    } catch (error) {
      for (const supervised of opened) supervised.close();
      throw error;
    }
    for (const supervised of opened) {
      this.#hosts.set(supervised.declared.name, supervised);
      this.#byAddress.set(supervised.declared.address, supervised);
    }
    for (const host of declared) this.#hosts.get(host.name)?.redeclare(host);
    this.#context.ports.nameTable.publish(declared.map(tableEntry));
  }

  /** A host that is no longer declared; the caller has stopped it. */
  forget(name: string): void {
    const host = this.#hosts.get(name);
    if (host === undefined) return;
    host.close();
    this.#hosts.delete(name);
    this.#byAddress.delete(host.declared.address);
  }

  /** Resolves when the host is running; rejects with the reason where it fails. */
  wake(name: string): Promise<void> {
    const host = this.#require(name);
    if (host.state === "running") return Promise.resolve();
    return this.#settled(host, "wake", (state) => {
      if (state === "running") return "done";
      if (state === "failed") return "failed";
      if (state === "imaginary") host.wake(this.#cause("wake"));
      return "waiting";
    });
  }

  /** Resolves when the host is imaginary, or has failed, and none of its guests runs. */
  stop(name: string): Promise<void> {
    const host = this.#require(name);
    if (host.state === "imaginary" || host.state === "failed") return Promise.resolve();
    return this.#settled(host, "stop", (state) =>
      state === "imaginary" || state === "failed" ? "done" : "waiting",
    );
  }

  /** The first message of a client: gives it an address. Throws where there is none left. */
  clientStarted(
    peer: Peer,
    message: Extract<EnvironmentMessage, { type: "client.started" }>,
  ): Client | SupervisedHost {
    if (message.as !== null) {
      const host = this.#require(message.as);
      peer.listen((pending) => this.#clientRequest(peer, pending, host.declared.name));
      return host;
    }
    const client = this.#clients.add(peer, message.program);
    peer.listen((pending) => this.#clientRequest(peer, pending, client.program));
    return client;
  }

  environmentStarted(
    peer: Peer,
    message: Extract<EnvironmentMessage, { type: "environment.started" }>,
  ): void {
    const host = this.#hosts.get(message.host);
    if (host === undefined) {
      peer.send({ type: "environment.refused", reason: "no such host is declared" });
      return;
    }
    this.#environments.set(peer, host);
    peer.listen((pending) => this.#guestRequest(peer, host, pending));
    host.environment.started(peer, message);
  }

  message(peer: Peer, message: EnvironmentMessage): void {
    this.#environments.get(peer)?.environment.message(peer, message);
  }

  peerClosed(peer: Peer): void {
    this.#clients.remove(peer);
    this.#environments.delete(peer);
  }

  /** The engine's proof: nothing of the environment with this host-runtime runs any more. */
  environmentEnded(host: string, runtimePid: number): void {
    this.#hosts.get(host)?.environment.ended(runtimePid);
  }

  /** Closes every placeholder. The caller has stopped what ran. */
  close(): void {
    for (const name of [...this.#hosts.keys()]) this.forget(name);
    this.#listeners.clear();
  }

  #guestRequest(peer: Peer, host: SupervisedHost, pending: PendingRequest): void {
    const { type } = pending.request;
    if (type === "connect") this.#connect(pending, host.declared.name);
    else if (type === "table") this.#table(pending);
    else host.guestRequest(peer, pending);
  }

  #clientRequest(peer: Peer, pending: PendingRequest, by: string): void {
    const { type, address, port } = pending.request;
    if (type === "connect") this.#connect(pending, by);
    else if (type === "table") this.#table(pending);
    else if (type === "bind") {
      const taken = this.#byAddress.get(address)?.declared.tcpPorts.includes(port) ?? false;
      const error = taken ? constants.errno.EADDRINUSE : 0;
      pending.answer({ error, action: "native", address, port });
    } else {
      this.#context.ports.log.debug({ pid: peer.pid, type }, "a client's listener");
    }
  }

  #connect(pending: PendingRequest, by: string): void {
    const { address, port } = pending.request;
    const host = this.#byAddress.get(address);
    if (host !== undefined) {
      host.connectRequest(pending, by);
      return;
    }
    const error = this.#clients.at(address) === null ? constants.errno.EHOSTUNREACH : 0;
    pending.answer({ error, action: "native", address, port });
  }

  #table(pending: PendingRequest): void {
    const { address, port } = pending.request;
    const { nameTable } = this.#context.ports;
    pending.answer({ error: 0, action: "handover", address, port }, nameTable);
  }

  #settled(
    host: SupervisedHost,
    signal: "wake" | "stop",
    look: (state: string) => "done" | "failed" | "waiting",
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = this.onChange((change) => {
        if (change.host !== host.declared.name) return;
        const seen = look(change.to);
        if (seen === "waiting") return;
        end();
        if (seen === "done") resolve();
        else reject(failureError(host));
      });
      const cause = this.#cause(signal);
      if (signal === "stop") host.stop(cause);
      else host.wake(cause);
      if (host.state === "failed" && signal === "wake") {
        end();
        reject(failureError(host));
      }
    });
  }

  #cause(signal: Cause["signal"]): Cause {
    const { clock } = this.#context.ports;
    const startedMs = clock.monotonicMs();
    return { signal, by: "im", port: null, atMs: clock.nowMs(), startedMs };
  }

  #nameOf(address: number): string {
    const host = this.#byAddress.get(address);
    return host?.declared.name ?? this.#clients.at(address)?.program ?? "outside";
  }

  #changed(change: HostChange): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  #require(name: string): SupervisedHost {
    const host = this.#hosts.get(name);
    if (host !== undefined) return host;
    throw new ImError("IM_NO_HOST", {
      what: `there is no host \`${name}\` in ${this.#options.deployment}`,
      received: name,
    });
  }
}

function failureError(host: SupervisedHost): ImError {
  const { failure } = host;
  const code = failure?.code ?? "";
  return new ImError(isErrorCode(code) ? code : "IM_INTERNAL", {
    what: `${host.declared.name} (${formatAddress(host.declared.address)}) did not boot`,
    received: failure?.message ?? "no reason was given",
  });
}

function tableEntry(host: DeclaredHost): NameTableEntry {
  return {
    address: host.address,
    name: host.name,
    ports: host.tcpPorts.map((port) => ({ port, mapped: port, protocol: "tcp" })),
  };
}
