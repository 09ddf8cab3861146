/** What a supervisor's process learns from the kernel of its machine, and writes to its log. */
import { ImError } from "../../platform/errors/im-error.js";
import type { Clock } from "../../platform/ports/clock.js";
import type { Guards } from "../../platform/ports/guards.js";
import type { Holders } from "../../platform/ports/holders.js";
import type { Log } from "../../platform/ports/log.js";
import type { Sensor } from "../../platform/ports/sensor.js";
import type { Guest } from "./guest.js";
import type { Watch } from "./kernel.js";
import type { Machine } from "./machine.js";
import { SimulatedPlaceholder } from "./placeholders.js";
import type { Stage } from "./stage.js";
import type { WorldContext } from "./world-context.js";

/** From the kernel to a process that waits, ms. */
const noticeMs = 0.05;

export function guardsPort(machine: Machine, stage: Stage): Guards {
  const { kernel, world } = machine;
  return {
    arm: (runtimePid, onSignal) => {
      if (world.faults.decide(`guard/${machine.name}`, { "guard refused": 0.004 }) !== null) {
        throw new ImError("IM_GUARD_REFUSED", { what: "the guests may not be looked into" });
      }
      let isFired = false;
      const watch: Watch = {
        runtimePid,
        fire: (stream) => {
          if (isFired) return;
          isFired = true;
          stage.after(noticeMs, () => {
            const connectionId = stream === null ? null : 2 * stream.id;
            if (kernel.watches.has(watch)) onSignal({ type: "arrival", connectionId });
          });
        },
      };
      if (!stage.ended) kernel.watches.add(watch);
      world.checks.guarded(machine, runtimePid);
      return { close: () => kernel.watches.delete(watch) };
    },
  };
}

export function sensorPort({ kernel, runtimes }: Machine, clock: Clock): Sensor {
  return {
    usedMs: 0,
    connections: () => kernel.connections(clock.monotonicMs()),
    connectionsOf: (address) => kernel.connectionsOf(address, clock.monotonicMs()),
    lastClosed: () => null,
    processes: (roots) =>
      roots.map((root) => {
        const guest = runtimes.get(root)?.life?.guest ?? null;
        if (guest === null || !guest.alive) return [];
        return [{ pid: guest.pid, cpuMs: 0, blocked: false }];
      }),
    waits: () => [],
  };
}

export function holdersPort(machine: Machine): Holders {
  const guestBelow = (root: number): Guest | null => {
    const guest = machine.runtimes.get(root)?.life?.guest ?? null;
    return guest?.alive === true ? guest : null;
  };
  return {
    find: (socket, root) => {
      if (!(socket instanceof SimulatedPlaceholder)) return null;
      const guest = guestBelow(root);
      return guest !== null && socket.socket.guest === guest ? guest.pid : null;
    },
    inhabited: (root) => guestBelow(root) !== null,
    onEnd: (pid, callback) => {
      for (const { life } of machine.runtimes.values()) {
        if (life?.guest?.pid === pid && life.guest.alive) return life.guest.onEnd(callback);
      }
      return () => undefined;
    },
    program: () => "serve",
    connector: () => null,
  };
}

export function logPort(world: WorldContext, name: string): Log {
  const write = (level: string) => (fields: object, message: string) =>
    world.checks.logged(name, level, fields, message);
  const log: Log = {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: () => log,
  };
  return log;
}
