/** What the machine of one host asks for, carried out. */
import type { HostEffect } from "../lifecycle/events.js";
import { type ConnectWaiters, refusalOf } from "./connect-waiters.js";
import { type DeclaredHost, tcpPorts } from "./declared-host.js";
import type { GuestListeners } from "./guest-listeners.js";
import type { HostEnvironment } from "./host-environment.js";
import type { HostSleep } from "./host-sleep.js";
import type { PlaceholderSet } from "./placeholder-set.js";
import type { SettleTimer } from "./settle-timer.js";
import type { SupervisorPorts } from "./supervisor-context.js";

export interface HostParts {
  readonly declared: DeclaredHost;
  readonly environment: HostEnvironment;
  readonly listeners: GuestListeners;
  readonly settling: SettleTimer;
  readonly placeholders: PlaceholderSet;
  readonly waiters: ConnectWaiters;
  /** null: it has never served. */
  readonly sleep: HostSleep | null;
  readonly sleeper: () => HostSleep;
  readonly route: (node: string, incarnation: number) => void;
  readonly ports: SupervisorPorts;
}

export function carryOut(effect: HostEffect, parts: HostParts): void {
  switch (effect.type) {
    case "placeholders.watched":
      parts.environment.leave();
      parts.listeners.shut();
      parts.settling.cancel();
      parts.placeholders.watch();
      parts.sleep?.rest();
      return;
    case "environment.accepted":
      parts.environment.tell({ type: "environment.accepted" });
      return;
    case "gate.opened":
      parts.listeners.open();
      return;
    case "connects.admitted":
      parts.placeholders.unwatch();
      parts.placeholders.serve(parts.declared.bootTimeoutMs);
      parts.waiters.admitPorts(tcpPorts(parts.declared));
      parts.settling.start();
      return;
    case "host.awake":
      parts.sleeper().awake();
      return;
    case "environment.suspended":
      parts.environment.tell({ type: "suspend" });
      return;
    case "environment.hastened":
      hasten(parts);
      return;
    case "queues.gated":
      parts.placeholders.admit(effect.open);
      return;
    case "connects.refused":
      parts.waiters.refuseAll(refusalOf(effect.failure.code));
      parts.placeholders.resetQueues();
      return;
    case "guest.terminated":
      parts.environment.tell({ type: "terminate", graceMs: effect.graceMs });
      return;
    case "connects.routed":
      parts.waiters.admitPorts(tcpPorts(parts.declared));
      parts.route(effect.node, effect.incarnation);
      return;
    case "event.refused":
      parts.ports.log.info({ host: parts.declared.name, ...effect }, "event refused");
      return;
    default:
      effect satisfies never;
  }
}

function hasten({ declared, ports }: HostParts): void {
  // Another node may have claimed it: then its guests must not run.
  if (ports.elsewhere !== undefined) return;
  ports.cloud.hasten?.(declared.functionName, declared.name);
}
