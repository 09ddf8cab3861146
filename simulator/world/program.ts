/** A program that was started with `im run`: its shim asks the supervisor of its machine. */
import { formatAddress } from "../../platform/network/layout.js";
import type { ControlRequest } from "../../platform/protocol/control.js";
import type { SupervisorMessage } from "../../platform/protocol/environment.js";
import type { Caller } from "./connect.js";
import type { Kernel } from "./kernel.js";
import type { Answer, Link, LinkEnd } from "./link.js";
import type { Machine } from "./machine.js";
import type { Stage } from "./stage.js";

export class Program implements Caller, LinkEnd {
  readonly name: string;
  readonly pid: number;
  readonly runtimePid = null;
  readonly machine: Kernel;
  readonly stage: Stage;
  readonly #home: Machine;
  #address = 0;
  #link: Link | null = null;
  readonly #asked = new Set<{ request: ControlRequest; answered: Answer }>();

  constructor(home: Machine) {
    this.#home = home;
    this.name = `program-${home.name}`;
    this.pid = home.pid();
    this.machine = home.kernel;
    this.stage = home.programs;
  }

  get address(): number {
    return this.#address;
  }

  isRunning(address: number): boolean {
    return this.#home.running.get(address) ?? false;
  }

  /** There is a supervisor: what nobody has answered is asked again. */
  supervised(): void {
    this.#link = this.#home.connect(this);
    const identity = { deployment: "world", as: null, program: this.name, pid: this.pid };
    if (this.#address === 0) {
      this.#link?.say({ type: "client.started", ...identity });
      this.#address = 0x7f406000 + 1;
    } else {
      const address = formatAddress(this.#address);
      this.#link?.say({ type: "client.resumed", ...identity, address });
    }
    for (const asked of this.#asked) this.#put(asked);
  }

  message(_message: SupervisorMessage): void {
    // Its variables: the shim of this world needs none.
  }

  /** The next supervisor may have come before this is noticed. */
  hungUp(link: Link): void {
    if (this.#link === link) this.#link = null;
  }

  ask(request: ControlRequest, answered: Answer): void {
    const asked = { request, answered };
    this.#asked.add(asked);
    this.#put(asked);
  }

  #put(asked: { request: ControlRequest; answered: Answer }): void {
    this.#link?.ask(asked.request, (reply, hand) => {
      if (this.#asked.delete(asked)) asked.answered(reply, hand);
    });
  }
}
