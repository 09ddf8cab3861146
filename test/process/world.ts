/**
 * One IM_HOME of a test's own, driven through the real command line. `close` ends everything in it
 * and throws if anything is left on the machine.
 */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import { DaemonClient } from "../../platform/daemon/client.js";
import {
  type Configuration,
  readConfiguration,
  withoutGuestVariables,
} from "../../platform/daemon/configuration.js";
import type { HostStatus, LifecycleEvent } from "../../platform/daemon/service.js";
import * as leaks from "./leaks.js";
import { type Ended, Program } from "./program.js";

export const root = fileURLToPath(new URL("../../../", import.meta.url));
export const fixture = (name: string): string => join(root, "test/fixtures/process", name);
/** A C fixture, as `make -C shim fixtures` has built it. */
export const built = (name: string): string => join(root, "build/fixtures/process", name);

export type Hosts = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Deployed where nothing else is said. */
const usual = "shop";

export class World {
  readonly home: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly client: DaemonClient;
  readonly #configuration: Configuration;
  readonly #programs = new Set<Program>();
  readonly #gates = new Map<string, number>();

  private constructor(readonly directory: string) {
    this.home = join(directory, "home");
    this.environment = { ...withoutGuestVariables(), IM_HOME: this.home, NO_COLOR: "1" };
    this.#configuration = readConfiguration(this.environment);
    this.client = new DaemonClient(this.#configuration.daemonSocket);
  }

  /** The caller closes it. */
  static async open(): Promise<World> {
    return new World(await mkdtemp(join(tmpdir(), "im-process-")));
  }

  /** Closed when the test ends; with these hosts deployed, if any. */
  static async of(t: ExecutionContext, hosts?: Hosts): Promise<World> {
    const world = await World.open();
    t.teardown(() => world.close());
    if (hosts !== undefined) await world.deploy(hosts);
    return world;
  }

  /** Through the command line, as a user does it. */
  async deploy(hosts: Hosts, deployment = usual): Promise<Ended> {
    const file = await this.write(`${deployment}.yaml`, JSON.stringify({ deployment, hosts }));
    const ended = await this.im("deploy", file);
    if (ended.code !== 0) throw new Error(`deploy failed: ${ended.stderr}`);
    return ended;
  }

  async write(name: string, text: string): Promise<string> {
    const file = join(this.directory, name);
    await writeFile(file, text);
    return file;
  }

  im(...parameters: readonly string[]): Promise<Ended> {
    return this.start(process.execPath, ...this.command(...parameters)).finish();
  }

  /** `im run`, left running. */
  startClient(...command: readonly string[]): Program {
    return this.start(process.execPath, ...this.command("run", "--", ...command));
  }

  /** What Node is given to be `im`. */
  command(...parameters: readonly string[]): readonly string[] {
    return [join(root, "bin/im.mjs"), ...parameters];
  }

  /** A program of the machine's: no shim, no overlay address. */
  start(...command: readonly string[]): Program {
    const program = new Program(command, this.environment, this.directory);
    this.#programs.add(program);
    const forget = (): boolean => this.#programs.delete(program);
    program.ended.then(forget, forget);
    return program;
  }

  async host(name: string, deployment = usual): Promise<HostStatus> {
    const { hosts } = await this.client.status(deployment);
    const found = hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`${deployment} has no host ${name}`);
    return found;
  }

  async address(name: string, deployment = usual): Promise<string> {
    return (await this.host(name, deployment)).address;
  }

  stop(name: string): Promise<void> {
    return this.client.stop(usual, name);
  }

  /** The first event that fits, also of those that have happened. */
  async happens(
    fits: (event: LifecycleEvent) => boolean,
    deployment = usual,
  ): Promise<LifecycleEvent> {
    const enough = new AbortController();
    const signal = enough.signal;
    for await (const event of this.client.follow(deployment, { past: true, signal })) {
      if (!fits(event)) continue;
      enough.abort();
      return event;
    }
    throw new Error(`${deployment} ended before it happened`);
  }

  /** How often the engine was asked to invoke a function for this host. */
  invocations(host: string): number {
    const log = readFileSync(join(this.home, "lambda/engine.log"), "utf8");
    const isStart = (line: string): boolean =>
      /^START RequestId: /.test(line) && line.endsWith(` Tenant: ${host}`);
    return log.split("\n").filter(isStart).length;
  }

  /** A FIFO that guests can wait at; returns its path. */
  gate(name: string): string {
    const path = join(this.directory, name);
    if (spawnSync("mkfifo", [path]).status !== 0) throw new Error(`mkfifo ${path} failed`);
    // Both ends: neither the guest's open nor ours can fail for want of the other.
    this.#gates.set(name, openSync(path, "r+"));
    return path;
  }

  /** Lets one guest through. */
  openGate(name: string): void {
    writeSync(this.#gates.get(name) ?? -1, "!");
  }

  /** Everything of this world that runs, by what it names. */
  processes(): readonly leaks.OwnProcess[] {
    return leaks.processesNaming([this.directory, this.#configuration.runtimeDirectory]);
  }

  async close(): Promise<void> {
    for (const program of [...this.#programs]) await program.killAll();
    const sockets = this.#sockets();
    await this.client.close();
    const down = await this.im("down", "--all");
    const left = [
      ...(down.code === 0 ? [] : [`im down ended with ${down.code}: ${down.stderr}`]),
      ...this.processes().map(({ pid, command }) => `process ${pid}: ${command}`),
      ...this.#stillOpen(sockets),
      ...this.#filesLeft(),
    ];
    await this.#remove();
    if (left.length > 0) throw new Error(`left after im down:\n${left.join("\n")}`);
  }

  /** Whatever a process of this world holds: others listen on the overlay as well. */
  #sockets(): readonly leaks.ListeningSocket[] {
    return leaks.heldBy(this.processes(), leaks.listeningSockets());
  }

  #stillOpen(before: readonly leaks.ListeningSocket[]): readonly string[] {
    const now = new Set(leaks.listeningSockets().map(({ inode }) => inode));
    return before.filter(({ inode }) => now.has(inode)).map(({ where }) => `socket ${where}`);
  }

  #filesLeft(): readonly string[] {
    const { runtimeDirectory } = this.#configuration;
    const runtime = existsSync(runtimeDirectory) ? [`directory ${runtimeDirectory}`] : [];
    return [...runtime, ...leaks.filesLeft(this.home).map((file) => `file ${file}`)];
  }

  async #remove(): Promise<void> {
    for (const descriptor of this.#gates.values()) closeSync(descriptor);
    for (const { pid } of this.processes()) spawnSync("kill", ["-KILL", String(pid)]);
    await rm(this.#configuration.runtimeDirectory, { recursive: true, force: true });
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A TCP port of 127.0.0.1 that nobody has just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
