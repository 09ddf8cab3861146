/** Who connects to whom, and when: programs beside the hosts, and hosts among themselves. */
import type { DeclaredHost } from "../../platform/supervisor/declared-host.js";
import { type Caller, Connect } from "./connect.js";
import type { Generator } from "./generator.js";
import type { Guest } from "./guest.js";
import type { Machine } from "./machine.js";
import { Program } from "./program.js";
import { type Absence, guestPort } from "./scenario.js";
import type { Stream } from "./stream.js";
import type { WorldContext } from "./world-context.js";

/** By then each has ended, whatever goes wrong: boots, back-offs and outages all end before. */
const deadlineMs = 240_000;
const styles = ["blocking", "blocking", "nonblocking", "plain"] as const;

export class Traffic {
  readonly #world: WorldContext;
  readonly #generator: Generator;
  readonly #programs = new Map<Machine, Program>();
  readonly #popularity: readonly DeclaredHost[];
  #count = 0;
  readonly outcomes = new Map<string, number>();

  constructor(world: WorldContext, machines: readonly Machine[]) {
    this.#world = world;
    this.#generator = world.root.fork("traffic");
    for (const machine of machines) this.#programs.set(machine, new Program(machine));
    // Some hosts are asked often, others hardly ever.
    this.#popularity = world.scenario.hosts.flatMap((host, index) =>
      Array.from({ length: index % 3 === 0 ? 3 : 1 }, () => host),
    );
  }

  get count(): number {
    return this.#count;
  }

  /** Bursts and silences, until the time when everything heals. */
  plan(): void {
    const { scenario } = this.#world;
    if (scenario.pattern === "herd") this.#planHerd();
    else if (scenario.absence !== null) this.#planAround(scenario.absence);
    else this.#planBursts(1_000, scenario.healMs);
  }

  #planBursts(fromMs: number, toMs: number): void {
    const { timeline, scenario } = this.#world;
    let planned = 0;
    while (planned < scenario.connects) {
      const atMs = this.#generator.between(fromMs, toMs);
      const burst = Math.min(scenario.connects - planned, this.#generator.whole(1, 6));
      const host = this.#generator.pick(this.#popularity);
      for (let one = 0; one < burst; one += 1) {
        const spreadMs = this.#generator.skewed(0, 4_000);
        const machine = this.#generator.pick([...this.#programs.keys()]);
        timeline.after(atMs + spreadMs, () => this.connect(machine, host, () => undefined));
      }
      planned += burst;
    }
  }

  /** Who is away connects when it is back. */
  #planAround({ fromMs, untilMs }: Absence): void {
    this.#planBursts(1_000, fromMs);
    this.#planFromAll(fromMs - 1_500, 1_000);
    this.#planFromAll(fromMs + 1_000, 30_000);
    const pauseMs = 480_000;
    for (let atMs = fromMs + pauseMs; atMs < untilMs; atMs += pauseMs) {
      this.#planFromAll(atMs, pauseMs / 2);
    }
    this.#planBursts(untilMs, this.#world.scenario.healMs);
  }

  /** Each machine asks for each host once. */
  #planFromAll(fromMs: number, withinMs: number): void {
    const { timeline, scenario } = this.#world;
    for (const machine of this.#programs.keys()) {
      for (const host of scenario.hosts) {
        const atMs = fromMs + this.#generator.between(0, withinMs);
        timeline.after(atMs, () => this.connect(machine, host, () => undefined));
      }
    }
  }

  #planHerd(): void {
    const { timeline, scenario } = this.#world;
    const [host] = scenario.hosts;
    if (host === undefined) return;
    for (const machine of this.#programs.keys()) {
      const atMs = 5_000 + this.#generator.between(0, 20);
      timeline.after(atMs, () => this.connect(machine, host, () => undefined));
    }
  }

  accepting(machine: Machine): void {
    this.#programs.get(machine)?.supervised();
  }

  connect(machine: Machine, host: DeclaredHost, done: (connect: Connect) => void): void {
    const program = this.#programs.get(machine);
    if (program === undefined) throw new Error(`no program on ${machine.name}`);
    machine.programs.deliver(() => this.#start(program, host, null, done));
  }

  /** A guest asks one of the hosts after its own: so nobody waits for himself. */
  callOn(caller: Caller, from: DeclaredHost, guest: Guest | null, done: () => void): void {
    const { hosts } = this.#world.scenario;
    const target = hosts[hosts.indexOf(from) + 1 + this.#generator.whole(0, 2)];
    if (target === undefined) done();
    else this.#start(caller, target, guest, done);
  }

  #start(
    caller: Caller,
    host: DeclaredHost,
    guest: Guest | null,
    done: (connect: Connect) => void,
  ): void {
    this.#count += 1;
    const target = { host: host.name, address: host.address, port: guestPort };
    const connect = new Connect(this.#count, caller, target, {
      keepsOpen: (stream) => this.#goesOn(stream, caller),
      onEnd: (ended) => {
        const outcome = ended.outcome ?? "none";
        this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
        this.#world.checks.connectEnded(ended);
        done(ended);
      },
    });
    this.#world.checks.connected(connect);
    guest?.onEnd(() => connect.abandon());
    this.#watch(connect, deadlineMs, caller.stage.pausedMs);
    connect.start(this.#generator.pick(styles));
  }

  /** A caller that did not run for a while gets that time back. */
  #watch(connect: Connect, afterMs: number, pausedMs: number): void {
    const { stage } = connect.caller;
    stage.after(afterMs, () => {
      const missedMs = stage.pausedMs - pausedMs;
      if (missedMs > 1) this.#watch(connect, missedMs, stage.pausedMs);
      else this.#world.checks.connectOverdue(connect);
    });
  }

  get #mayGoOn(): boolean {
    const { faults, scenario } = this.#world;
    return !faults.healed && scenario.pattern !== "herd";
  }

  /** Some connections stay open, and are used again after a silence. */
  #goesOn(stream: Stream, caller: Caller): boolean {
    if (!this.#generator.chance(0.25) || !this.#mayGoOn) return false;
    const silenceMs = this.#generator.skewed(10, 40_000);
    caller.stage.after(silenceMs, () => {
      if (stream.state !== "closed") stream.request();
    });
    return true;
  }
}
