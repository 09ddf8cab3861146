/**
 * The `Elsewhere` port of one supervisor's process: a handshake with the other node's supervisor,
 * and then the connections that wait go over. A transport as the later control network will have;
 * here it is what the model needs of one.
 */
import type { Elsewhere, Route } from "../../platform/ports/elsewhere.js";
import type { Machine } from "./machine.js";
import { guestPort } from "./scenario.js";
import type { Stage } from "./stage.js";
import { giveUpMs } from "./stream.js";

/** Of the handshake. */
const answerMs = 1_500;

export function elsewherePort(machine: Machine, stage: Stage): Elsewhere {
  const { world, name } = machine;
  return {
    setGate: (address, word) => {
      if (stage.ended) return;
      if (word === null) machine.gates.delete(address);
      else {
        machine.gates.set(address, word);
        if (!machine.isGateOpen(address, word.incarnation)) return;
        world.checks.gateOpened(name, hostAt(machine, address), word.incarnation);
      }
    },
    carry: (route) =>
      new Promise((resolve) => {
        if (stage.ended) return;
        const timeout = stage.after(answerMs, () => resolve(false));
        const answered = (taken: boolean) =>
          stage.deliver(() => {
            stage.cancel(timeout);
            if (taken) bringOver(machine, route);
            resolve(taken);
          });
        ask(machine, route, (taken) => {
          if (!world.network.passes(route.node, name)) return;
          world.timeline.after(world.network.latencyMs(), () => answered(taken));
        });
      }),
  };
}

function hostAt({ world }: Machine, address: number): string {
  return world.scenario.hosts.find((host) => host.address === address)?.name ?? "";
}

/** The other supervisor looks at what is known of the life before it takes anybody in. */
function ask({ world, name }: Machine, route: Route, answer: (taken: boolean) => void): void {
  const { timeline, network } = world;
  if (!network.passes(name, route.node)) return;
  timeline.after(network.latencyMs(), () => {
    const there = world.machineOf(route.node);
    const process = there.supervisor;
    if (process === null || !process.accepting) return;
    process.stage.deliver(() => {
      const host = process.supervisor.hosts.get(route.host);
      if (host === undefined) return;
      host.seen(route.incarnation);
      answer(host.incarnation >= route.incarnation);
    });
  });
}

function bringOver({ world, kernel }: Machine, route: Route): void {
  const there = world.machineOf(route.node).kernel;
  const { socket } = kernel.listen(route.address, guestPort);
  for (let stream = socket.shift(); stream !== null; stream = socket.shift()) {
    const carried = stream;
    kernel.forget(carried);
    let isThere = false;
    world.timeline.after(world.network.latencyMs(), () =>
      there.stage.deliver(() => {
        isThere = true;
        if (carried.state === "queued" && !there.take(carried)) carried.reset();
      }),
    );
    // That machine was stopped meanwhile.
    world.timeline.after(giveUpMs, () => {
      if (!isThere) carried.timeOut();
    });
  }
}
