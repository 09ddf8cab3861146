/** A supervisor on ports that are plain objects: no kernel, no clock, no store but memory. */

import { Sensing } from "../../platform/idle/sensing.js";
import type { ListenPort } from "../../platform/manifest/manifest.js";
import type { Clock } from "../../platform/ports/clock.js";
import type { Cloud, Invocation } from "../../platform/ports/cloud.js";
import type { Guard } from "../../platform/ports/guards.js";
import type { HostRecord, Membership } from "../../platform/ports/membership.js";
import type { Peer, PendingRequest } from "../../platform/ports/processes.js";
import type { Connection, Wait } from "../../platform/ports/sensor.js";
import type { ControlReply, ControlRequest } from "../../platform/protocol/control.js";
import type { SupervisorMessage } from "../../platform/protocol/environment.js";
import type { DeclaredHost } from "../../platform/supervisor/declared-host.js";
import type { HostChange } from "../../platform/supervisor/host-history.js";
import { Supervisor } from "../../platform/supervisor/supervisor.js";
import { MemoryMembership } from "../../simulator/dynamodb/memory-membership.js";
import { type FakePlaceholder, FakeSockets } from "./fake-sockets.js";

export const blockBase = 0x7f400000;

export class FakePeer implements Peer {
  readonly sent: SupervisorMessage[] = [];
  request: (pending: PendingRequest) => void = () => undefined;
  constructor(readonly pid: number) {}
  send(message: SupervisorMessage): void {
    this.sent.push(message);
  }
  listen(onRequest: (pending: PendingRequest) => void): void {
    this.request = onRequest;
  }
  close(): void {}

  /** Asks as the shim would; the answer arrives in the result. */
  ask(request: Partial<ControlRequest> & Pick<ControlRequest, "type">) {
    const answers: { reply: ControlReply; handed: boolean }[] = [];
    const flags = { nonblocking: false, ipv6: false, reusePort: false, handedOver: true };
    const rest = { address: 0, port: 0, protocol: "tcp", pid: 1 } as const;
    const whole = { ...flags, ...rest, ...request };
    this.request({
      request: whole,
      answer: (reply, hand) => answers.push({ reply, handed: hand !== undefined }),
    });
    return answers;
  }
}

export interface FakeGuard {
  readonly runtimePid: number;
  /** Something arrives on this connection. */
  signal(connectionId: number | null): void;
  /** This process is killed. */
  end(pid: number): void;
}

export class SupervisorRig {
  readonly sockets = new FakeSockets();
  readonly invocations: Invocation[] = [];
  /** So many invocations are refused first. */
  throttled = 0;
  readonly changes: HostChange[] = [];
  readonly supervisor: Supervisor;
  readonly running = new Map<number, boolean>();
  /** The process that has every socket that was handed over. */
  holder: number | null = 1;
  /** Of every address. */
  connections = new Map<number, readonly Connection[]>();
  waits: readonly Wait[] = [];
  /** Those that stand, in the order in which they were armed. */
  readonly guards = new Set<FakeGuard>();
  /** Why no guard can be armed. */
  unguarded: Error | null = null;
  /** The process that each search for a holder began with; 0: none, so all are looked at. */
  readonly likely: number[] = [];
  /** Whether any guest runs. */
  inhabited = true;
  #nowMs = 0;
  #ids = 0;
  #timers = new Map<number, { at: number; callback: () => void }>();

  constructor(
    hosts: readonly DeclaredHost[],
    records: readonly HostRecord[] = [],
    membership: Membership = new MemoryMembership(),
  ) {
    const silent = () => undefined;
    const log = { debug: silent, info: silent, warn: silent, error: silent, child: () => log };
    const cloud: Cloud = {
      ensureFunction: async () => undefined,
      deleteFunction: async () => undefined,
      invoke: async (invocation) => {
        this.invocations.push(invocation);
        if (this.throttled === 0) return;
        this.throttled -= 1;
        throw new Error("TooManyRequestsException");
      },
    };
    const clock: Clock = {
      nowMs: () => this.#nowMs,
      monotonicMs: () => this.#nowMs,
      setTimeout: (callback, delayMs) => {
        this.#ids += 1;
        this.#timers.set(this.#ids, { at: this.#nowMs + delayMs, callback });
        return this.#ids;
      },
      clearTimeout: (timer) => this.#timers.delete(Number(timer)),
    };
    this.supervisor = new Supervisor({
      deployment: "shop",
      deployId: "deploy",
      nodeId: "node",
      blockBase,
      ports: {
        clock,
        random: { id: () => `id-${++this.#ids}`, uniform: () => 0.5 },
        log,
        membership,
        cloud,
        sockets: this.sockets,
        holders: {
          find: (_socket, _rootPid, likely) => {
            this.likely.push(likely);
            return this.holder;
          },
          inhabited: () => this.inhabited,
          program: (pid) => `program-${pid}`,
          connector: ({ port }, root) => {
            const found = { pid: port, program: `below-${root}` };
            return { found, finish: () => found };
          },
          onEnd: () => () => undefined,
        },
        guards: {
          arm: (runtimePid, onSignal) => {
            if (this.unguarded !== null) throw this.unguarded;
            const guard: FakeGuard & Guard = {
              runtimePid,
              signal: (connectionId) => onSignal({ type: "arrival", connectionId }),
              end: (pid) => onSignal({ type: "end", pid }),
              close: () => this.guards.delete(guard),
            };
            this.guards.add(guard);
            return guard;
          },
        },
        sensing: new Sensing(
          {
            usedMs: 0,
            connections: () => this.connections,
            connectionsOf: (address) => this.connections.get(address) ?? [],
            lastClosed: () => null,
            processes: (roots) => roots.map(() => []),
            waits: () => this.waits,
          },
          clock,
          log,
        ),
        reached: silent,
        nameTable: {
          publish: silent,
          setRunning: (address, running) => this.running.set(address, running),
          descriptor: 0,
          path: "names",
          close: silent,
        },
      },
    });
    this.supervisor.onChange((change) => this.changes.push(change));
    this.supervisor.declare(hosts, records);
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const [id, { at, callback }] of [...this.#timers]) {
      if (at > this.#nowMs) continue;
      this.#timers.delete(id);
      callback();
    }
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** A program that was started with `im run`. */
  client(program = "curl"): FakePeer {
    const peer = new FakePeer(500);
    const message = { deployment: "shop", as: null, program, pid: 500 };
    this.supervisor.clientStarted(peer, { type: "client.started", ...message });
    return peer;
  }

  placeholder(port: number): FakePlaceholder {
    const found = this.sockets.opened.findLast((held) => held.port === port);
    if (found === undefined) throw new Error(`no placeholder on ${port}`);
    return found;
  }

  state(name = "web"): string | undefined {
    return this.supervisor.hosts.get(name)?.state;
  }

  /** An environment that does not have the life reports the event that continues it. */
  stray(bootId: string, incarnation = 1): FakePeer {
    const peer = new FakePeer(900);
    const identity = { deployId: "deploy", host: "web", incarnation, bootId };
    this.supervisor.environmentReported(peer, { type: "environment.misdirected", ...identity });
    return peer;
  }

  /** Of the last boot that was invoked. */
  get claim(): string {
    const payload = this.invocations.at(-1)?.payload as { claim: string } | undefined;
    return payload?.claim ?? "none";
  }

  /** The environment that the last invocation asked for reports. */
  environment(pid = 100): FakePeer {
    const peer = new FakePeer(pid);
    const payload = this.invocations.at(-1)?.payload as { incarnation: number; claim: string };
    this.supervisor.environmentReported(peer, {
      type: "environment.started",
      deployId: "deploy",
      host: this.invocations.at(-1)?.tenantId ?? "",
      ...payload,
      bootId: `boot-${pid}`,
      pid,
    });
    return peer;
  }

  /** The environment of a life that an earlier supervisor knew finds this one. */
  resume(
    { host, incarnation }: Pick<HostRecord, "host" | "incarnation">,
    bootId: string,
  ): FakePeer {
    const peer = new FakePeer(200);
    const life = { deployId: "deploy", host, incarnation, bootId, pid: 200, guestPid: 201 };
    const message = { type: "environment.resumed", ...life, invoked: true } as const;
    this.supervisor.environmentReported(peer, message);
    return peer;
  }

  async boot(port = 80): Promise<FakePeer> {
    this.placeholder(port).connect();
    await settled();
    const peer = this.environment(100 + this.invocations.length);
    this.supervisor.message(peer, { type: "guest.started", pid: 7 });
    await settled();
    peer.ask({ type: "bind", port });
    peer.ask({ type: "listen", port });
    return peer;
  }
}

export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

export function declared(
  name = "web",
  index = 1,
  ports: readonly (number | ListenPort)[] = [80],
): DeclaredHost {
  const listen = ports.map((port) =>
    typeof port === "number" ? ({ port, protocol: "tcp" } as const) : port,
  );
  return {
    name,
    className: name,
    address: blockBase + index,
    listen,
    readyPort: listen[0] ?? null,
    ready: listen.length > 0 ? "listen" : "exec",
    bootTimeoutMs: 30_000,
    stopGraceMs: 10_000,
    idle: { afterMs: null, terminateAfterMs: null, inFlightMaxMs: null, honorsTimers: false },
    wakeEveryMs: null,
    functionName: `im_shop_${name}`,
    bootEvent: ({ incarnation, claim }) => ({
      version: 1,
      action: "boot",
      deployment: "shop",
      deployId: "deploy",
      host: name,
      incarnation,
      claim,
      nodeSocket: "node.sock",
      guest: { command: ["web"], directory: ".", environment: {}, preload: true },
      logFile: "web.log",
    }),
    continueEvent: (life) => ({
      version: 1,
      action: "continue",
      deployId: "deploy",
      host: name,
      ...life,
      nodeSocket: "node.sock",
    }),
  };
}
