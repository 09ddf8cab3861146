/** The way to a host that another node has: what waits here is carried there, one go at a time. */
import type { HostEvent } from "../lifecycle/events.js";
import type { Elsewhere } from "../ports/elsewhere.js";
import type { SupervisorPorts } from "./supervisor-context.js";

export interface HostRouteOptions {
  readonly context: { readonly ports: Pick<SupervisorPorts, "elsewhere"> };
  readonly declared: { readonly name: string; readonly address: number };
  readonly send: (event: HostEvent) => void;
  /** Nothing that came before waits any more: the queues are to be watched again. */
  readonly onCarried: () => void;
}

/** null: there are no others. */
export function routeOf(options: HostRouteOptions): HostRoute | null {
  const { elsewhere } = options.context.ports;
  return elsewhere === undefined ? null : new HostRoute(options, elsewhere);
}

export class HostRoute {
  readonly #options: HostRouteOptions;
  readonly #elsewhere: Elsewhere;
  #isUnderWay = false;

  constructor(options: HostRouteOptions, elsewhere: Elsewhere) {
    this.#options = options;
    this.#elsewhere = elsewhere;
  }

  follow(node: string, incarnation: number): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    const { declared, send, onCarried } = this.#options;
    const { name: host, address } = declared;
    const ended = (taken: boolean) => {
      this.#isUnderWay = false;
      if (taken) onCarried();
      else send({ type: "route.lost", incarnation });
    };
    this.#elsewhere.carry({ node, host, address, incarnation }).then(ended, () => ended(false));
  }
}
