/**
 * One machine: clocks, kernel, a supervisor that may die and is started again, environments with
 * their guests, and a program that connects. All of it stops when the machine does.
 */
import { isGateOpen } from "../../platform/membership/lease.js";
import type { GateWord } from "../../platform/ports/gate-word.js";
import type { ControlRequest } from "../../platform/protocol/control.js";
import type { BootEvent } from "../../platform/protocol/environment.js";
import type { HostChange } from "../../platform/supervisor/host-history.js";
import type { Caller } from "./connect.js";
import type { Odds } from "./fault-plan.js";
import type { Guest } from "./guest.js";
import { Kernel } from "./kernel.js";
import type { LifeWorld } from "./life.js";
import { type Answer, Link, type LinkEnd } from "./link.js";
import { MachineClock } from "./machine-clock.js";
import { SimulatedPlaceholder } from "./placeholders.js";
import { Runtime } from "./runtime.js";
import { guestPort } from "./scenario.js";
import { Stage } from "./stage.js";
import { giveUpMs } from "./stream.js";
import { SupervisorProcess } from "./supervisor-process.js";
import type { Environment, WorldContext } from "./world-context.js";

/** Until the cloud's part of a machine that goes on has noticed what time it is. */
const engineMs = 50;
const startOdds: Odds = { "guest cannot be started": 0.02 };

export class Machine {
  readonly name: string;
  readonly world: WorldContext;
  readonly clock: MachineClock;
  readonly kernel: Kernel;
  /** Of programs that connect. */
  readonly programs: Stage;
  readonly runtimes = new Map<number, Runtime>();
  /** The memory-mapped name table: it outlives the supervisor. */
  readonly running = new Map<number, boolean>();
  /** The last change of each host, as a file keeps it. */
  readonly written = new Map<string, HostChange>();
  /** By address: what guests look at when they accept. It outlives the supervisor, too. */
  readonly gates = new Map<number, GateWord>();
  readonly #stages = new Set<Stage>();
  /** What holds all of them at present. */
  readonly #stops = new Set<Stop>();
  #supervisor: SupervisorProcess | null = null;
  #pids = 100;
  #restarts = 0;

  constructor(name: string, world: WorldContext) {
    this.name = name;
    this.world = world;
    const { timeline, network, root } = world;
    const generator = root.fork(`clock/${name}`);
    const rate = generator.between(0.99, 1.01);
    const offsetMs = generator.between(-3_600_000, 3_600_000);
    this.clock = new MachineClock(timeline, rate, generator.between(0, 1e7), offsetMs);
    this.kernel = new Kernel(name, this.stage(), timeline, network);
    this.programs = this.stage();
  }

  get supervisor(): SupervisorProcess | null {
    return this.#supervisor;
  }

  /** Of one more process here. */
  stage(): Stage {
    const stage = new Stage(this.world.timeline, this.clock);
    this.#stages.add(stage);
    for (const stop of this.#stops) hold(stage, stop);
    return stage;
  }

  pid(): number {
    this.#pids += 1;
    return this.#pids;
  }

  startSupervisor(): void {
    if (this.#supervisor !== null) return;
    this.#restarts += 1;
    this.#supervisor = new SupervisorProcess(this, this.#restarts);
    this.#supervisor.start();
  }

  /** kill -9; its keeper starts another soon. */
  crash(restartMs: number): void {
    const supervisor = this.#supervisor;
    // Nobody kills anything on a machine that does not run.
    if (supervisor === null || !this.kernel.stage.running) return;
    this.world.trace.note(this.name, "supervisor killed");
    this.#supervisor = null;
    this.#stages.delete(supervisor.stage);
    supervisor.kill();
    this.world.timeline.after(restartMs, () =>
      this.kernel.stage.deliver(() => this.startSupervisor()),
    );
  }

  /** Nothing runs; `losesTime`: nor do its clocks, but for the wall's. The result ends that. */
  stop(losesTime: boolean): () => void {
    const { timeline } = this.world;
    const sinceMs = timeline.nowMs;
    const givenUp = timeline.after(giveUpMs, () => this.kernel.loseOthers());
    const stop = { losesTime, stages: new Set<Stage>() };
    for (const stage of this.#stages) hold(stage, stop);
    this.#stops.add(stop);
    return () => {
      timeline.cancel(givenUp);
      this.#stops.delete(stop);
      if (losesTime) {
        const goneMs = timeline.nowMs - sinceMs;
        this.clock.lose(goneMs);
        this.clock.jump(goneMs * (1 - this.clock.rate));
      }
      for (const stage of stop.stages) {
        if (losesTime) stage.startClock();
        else stage.resume();
      }
    };
  }

  /** What the cloud does here: where all stands still, it is late with all else. */
  reach(act: () => void): void {
    const { stage } = this.kernel;
    if (stage.running) act();
    else stage.deliver(() => stage.after(engineMs, act));
  }

  /** For guests of this life, as their accepts see it. */
  isGateOpen(address: number, incarnation: number): boolean {
    const now = { monotonicMs: this.clock.monotonicMs(), wallMs: this.clock.nowMs() };
    const read = this.world.mutation.gate ?? isGateOpen;
    return read(this.gates.get(address) ?? null, incarnation, now);
  }

  startRuntime(environment: Environment): Runtime {
    const stage = this.stage();
    const pid = this.pid();
    const runtime = new Runtime({
      ...{ id: environment.id, pid, stage },
      continuesAny: this.world.mutation.continuesAny ?? false,
      connect: (end) => this.connect(end),
      guestWorld: (event) => this.#guestWorld(event, pid, stage),
      guestSleeps: (guest) => this.world.checks.sleeps(guest),
      bootEventOf: ({ host, incarnation }) => ({
        ...this.world.hostOf(host).bootEvent({ incarnation, claim: "none" }),
        nodeSocket: this.name,
      }),
      startFails: (host) => this.#startFails(host),
      guestBegun: (guest) => this.world.checks.guestBegun(guest),
      returned: () => this.world.cloud().returned(environment.id),
      exited: () => this.world.cloud().exited(environment.id),
    });
    this.runtimes.set(pid, runtime);
    return runtime;
  }

  #startFails(host: string): boolean {
    const { scenario, faults } = this.world;
    if (scenario.pattern !== "rough") return false;
    return faults.decide(`start/${host}`, startOdds) !== null;
  }

  forgetRuntime(pid: number): void {
    const runtime = this.runtimes.get(pid);
    if (runtime === undefined) return;
    this.runtimes.delete(pid);
  }

  /** null: there is no supervisor. */
  connect(end: LinkEnd): Link | null {
    const supervisor = this.#supervisor;
    if (supervisor === null || !supervisor.accepting) return null;
    const link = new Link(this.world.timeline, end, supervisor);
    supervisor.links.add(link);
    return link;
  }

  #guestWorld(
    event: BootEvent,
    runtimePid: number,
    stage: Stage,
  ): ReturnType<LifeWorld["guestWorld"]> {
    const { root, faults, checks } = this.world;
    const { host, incarnation } = event;
    const declared = this.world.hostOf(host);
    const generator = root.fork(`guest/${host}/${incarnation}/${runtimePid}`);
    return {
      ...{ address: declared.address, port: guestPort, pid: this.pid() },
      ...{ machine: this.kernel, generator, faults },
      socketOf: (hand) => {
        if (!(hand instanceof SimulatedPlaceholder)) throw new TypeError("not a placeholder");
        return hand.socket;
      },
      isGateOpen: () => this.isGateOpen(declared.address, incarnation),
      callOn: (done) => {
        const life = this.runtimes.get(runtimePid)?.life ?? null;
        if (life === null) return;
        const caller: Caller = {
          ...{ name: host, address: declared.address, pid: life.guest?.pid ?? 0, runtimePid },
          ...{ machine: this.kernel, stage },
          ask: (request: ControlRequest, answered: Answer) => life.ask(request, answered),
          isRunning: (address) => this.running.get(address) ?? false,
        };
        this.world.callOn(caller, declared, life.guest, done);
      },
      accepted: (guest, stream) => checks.accepted(this.name, guest, stream),
      listens: (guest: Guest) => checks.listens(this.name, guest),
    };
  }
}

interface Stop {
  readonly losesTime: boolean;
  readonly stages: Set<Stage>;
}

function hold(stage: Stage, { losesTime, stages }: Stop): void {
  stages.add(stage);
  if (losesTime) stage.stopClock();
  else stage.pause();
}
