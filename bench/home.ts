/** An IM_HOME of the benchmarks' own, driven through the command line as by a user. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { DaemonClient } from "../platform/daemon/client.js";
import { readConfiguration, withoutGuestVariables } from "../platform/daemon/configuration.js";
import { formatAddress, parseAddress } from "../platform/network/layout.js";
import { im } from "./paths.js";
import { childrenOf, nameOf, processes } from "./processes.js";
import { Program } from "./program.js";

export type Hosts = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Often enough not to matter, seldom enough not to disturb. */
const lookMs = 25;
const spareMsMax = 20_000;

export class BenchHome {
  readonly directory = mkdtempSync(join(tmpdir(), "im-bench-"));
  readonly environment: NodeJS.ProcessEnv;
  readonly #home: string;
  #client: DaemonClient | null = null;

  /** `variables` reach the daemon, too. */
  constructor(variables: Readonly<Record<string, string>> = {}) {
    this.#home = join(this.directory, "home");
    const own = { ...variables, IM_HOME: this.#home, NO_COLOR: "1" };
    this.environment = { ...withoutGuestVariables(), ...own };
  }

  manifest(deployment: string, hosts: Hosts): string {
    const file = join(this.directory, `${deployment}.yaml`);
    writeFileSync(file, JSON.stringify({ deployment, hosts }));
    return file;
  }

  /** Runs `im` to its end; throws what it complains of. Returns how long that took, in ms. */
  im(...parameters: readonly string[]): number {
    const beganMs = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [im, ...parameters], {
      env: this.environment,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`im ${parameters.join(" ")}: ${stderr}`);
    return performance.now() - beganMs;
  }

  /** Returns how long the command took, in ms. */
  deploy(deployment: string, hosts: Hosts): number {
    return this.im("deploy", this.manifest(deployment, hosts));
  }

  async down(): Promise<void> {
    await this.#client?.close();
    this.#client = null;
    this.im("down", "--all");
  }

  /** A program inside of the deployment's network. */
  run(...command: readonly string[]): Program {
    const words = [process.execPath, im, "run", "--", ...command];
    return new Program(words, { environment: this.environment, directory: this.directory });
  }

  get client(): DaemonClient {
    this.#client ??= new DaemonClient(readConfiguration(this.environment).daemonSocket);
    return this.#client;
  }

  /** Addresses of `name-0`, `name-1`, …: they are given out in this order. Asked for once: */
  async addresses(deployment: string, name: string): Promise<(number: number) => string> {
    // a status reads every socket of the machine.
    const first = await this.client.host(deployment, `${name}-0`);
    const base = parseAddress(first.address);
    return (number) => formatAddress(base + number);
  }

  /** How often a function was invoked for a host. */
  invocations(host: string): number {
    const log = readFileSync(join(this.#home, "lambda/engine.log"), "utf8");
    return log
      .split("\n")
      .filter((line) => line.startsWith("START RequestId: ") && line.endsWith(` Tenant: ${host}`))
      .length;
  }

  /** Everything of this home that runs. */
  processes(): readonly number[] {
    const { runtimeDirectory } = readConfiguration(this.environment);
    const own = [`IM_HOME=${this.#home}`, `unix:${runtimeDirectory}/`];
    return processes()
      .filter(({ environment }) => own.some((mark) => environment.includes(mark)))
      .map(({ pid }) => pid);
  }

  /**
   * Resolves when an environment that nobody has had stands ready, its init waiting. A boot that
   * has to wait for one would measure the start of Node instead.
   */
  async spareReady(): Promise<void> {
    const directory = join(this.#home, "lambda/environments");
    for (let waitedMs = 0; waitedMs < spareMsMax; waitedMs += lookMs) {
      const ready = readdirSync(directory).some((id) => isReadySpare(join(directory, id)));
      // What it does last before it waits takes a moment.
      await delay(lookMs);
      if (ready) return;
    }
    throw new Error("no spare environment became ready");
  }

  async close(): Promise<void> {
    await this.down();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** What the engine writes down of an environment, as far as it matters here. */
const environmentRecord = z.object({
  owner: z.string().nullable(),
  process: z.object({ pid: z.int() }),
});

function isReadySpare(directory: string): boolean {
  const file = join(directory, "environment.json");
  if (!existsSync(file)) return false;
  const { owner, process } = environmentRecord.parse(JSON.parse(readFileSync(file, "utf8")));
  return owner === null && childrenOf(process.pid).some((pid) => nameOf(pid) === "im-init");
}
