/** The IM_HOME of a soak: deployed, looked after, and searched for leftovers at the end. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DaemonClient } from "../platform/daemon/client.js";
import {
  type Configuration,
  readConfiguration,
  withoutGuestVariables,
} from "../platform/daemon/configuration.js";
import * as leaks from "../test/process/leaks.js";
import { manifestOf, root, type SoakHost } from "./hosts.js";

export const im = join(root, "bin/im.mjs");
const downMsMax = 60_000;

export class SoakWorld {
  readonly environment: NodeJS.ProcessEnv;
  readonly client: DaemonClient;
  /** Named by everything that belongs to it. */
  readonly paths: readonly string[];
  readonly #configuration: Configuration;
  readonly #home: string;

  private constructor(readonly directory: string) {
    this.#home = join(directory, "home");
    this.environment = { ...withoutGuestVariables(), IM_HOME: this.#home, NO_COLOR: "1" };
    this.#configuration = readConfiguration(this.environment);
    this.client = new DaemonClient(this.#configuration.daemonSocket);
    this.paths = [directory, this.#configuration.runtimeDirectory];
  }

  static async open(): Promise<SoakWorld> {
    const world = new SoakWorld(await mkdtemp(join(tmpdir(), "im-soak-")));
    await mkdir(join(world.directory, "hosts"));
    return world;
  }

  /** Returns the hosts' addresses. */
  async deploy(hosts: readonly SoakHost[]): Promise<ReadonlyMap<string, string>> {
    for (const { name } of hosts) await mkdir(join(this.directory, "hosts", name));
    const manifest = join(this.directory, "hosts/soak.yaml");
    await writeFile(manifest, manifestOf(hosts));
    await this.im("deploy", manifest);
    const status = await this.client.status("soak");
    return new Map(status.hosts.map(({ name, address }) => [name, address]));
  }

  /** Rejects with what it complained of. */
  im(...parameters: readonly string[]): Promise<void> {
    const stdio = ["ignore", "ignore", "pipe"] as const;
    const child = spawn(process.execPath, [im, ...parameters], {
      env: this.environment,
      stdio: [...stdio],
      detached: true,
      timeout: downMsMax,
    });
    let complaints = "";
    child.stderr?.on("data", (data) => {
      complaints += String(data);
    });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`im ${parameters[0]} ended with ${signal ?? code}: ${complaints}`));
      });
    });
  }

  /** `im down`, and what is left after it. */
  async end(): Promise<readonly string[]> {
    const held = leaks.heldBy(leaks.processesNaming(this.paths), leaks.listeningSockets());
    await this.client.close();
    const down = await this.im("down", "--all").then(
      () => [],
      (error: Error) => [error.message],
    );
    const now = new Set(leaks.listeningSockets().map(({ inode }) => inode));
    const { runtimeDirectory } = this.#configuration;
    return [
      ...down,
      ...this.#processes().map(({ pid, command }) => `process ${pid}: ${command}`),
      ...held.filter(({ inode }) => now.has(inode)).map(({ where }) => `socket ${where}`),
      ...(existsSync(runtimeDirectory) ? [`directory ${runtimeDirectory}`] : []),
      ...leaks.filesLeft(this.#home).map((file) => `file ${file}`),
    ];
  }

  /** Whatever happened, nothing of it stays on the machine; its logs may. */
  async remove(keepHome: boolean): Promise<void> {
    for (const { pid } of this.#processes()) process.kill(pid, "SIGKILL");
    await rm(this.#configuration.runtimeDirectory, { recursive: true, force: true });
    if (!keepHome) await rm(this.directory, { recursive: true, force: true });
  }

  #processes(): readonly leaks.OwnProcess[] {
    return leaks.processesNaming(this.paths);
  }
}
