/** Several servers, each a host of one deployment, and the clients that ask them. */
import { chmodSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Program } from "../process/program.js";
import { World } from "../process/world.js";
import { killGuests } from "./guests.js";
import type { Identity, Server } from "./servers.js";

/** A client of `im run`, or any program of the machine's. */
type Way = "shim" | "plain";

export class DeployedServers {
  readonly #clients = new Map<string, Program>();

  private constructor(readonly world: World) {}

  /** The caller closes them. */
  static async open(servers: readonly Server[], who: Identity): Promise<DeployedServers> {
    const world = await World.open();
    // Guests find here what they need, whoever they become.
    chmodSync(world.directory, 0o755);
    const hosts: Record<string, Record<string, unknown>> = {};
    for (const server of servers) {
      const directory = join(world.directory, server.host);
      await mkdir(directory);
      const command = await server.prepare(directory, who);
      hosts[server.host] = { command, directory, listen: [server.port], ...server.settings };
    }
    await world.deploy(hosts);
    return new DeployedServers(world);
  }

  /**
   * Each life begins with a connect while nothing of the server runs. The host is stopped or its
   * guests are killed when it has answered, and the next client connects at once.
   */
  async live(t: ExecutionContext, server: Server, lives: number): Promise<void> {
    const { world } = this;
    for (let life = 1; life <= lives; life += 1) {
      // In turn: the one boots the host, the other finds it running.
      for (const way of life % 2 === 0
        ? (["plain", "shim"] as const)
        : (["shim", "plain"] as const)) {
        t.regex(await this.ask(server, way), server.answers, `life ${life}, ${way}`);
      }
      const { state, incarnation } = await world.host(server.host);
      t.deepEqual([state, incarnation], ["running", life]);
      // Either client boots it after a kill. Never two in a row: of such a host connects fail.
      if (life % 3 !== 2) await world.stop(server.host);
      else await killGuests(world, server.host);
    }
    await world.stop(server.host);
    t.is(world.invocations(server.host), lives);
    t.log(`${lives} lives`);
  }

  /** With their clients, whatever these still wait for. */
  close(): Promise<void> {
    return this.world.close();
  }

  /** One line of answer, of a server that is ready. */
  async ask(server: Server, way: Way): Promise<string> {
    const client = this.#client(server.client, way);
    const at = way === "shim" ? server.host : await this.world.address(server.host);
    for (;;) {
      client.write(`${at} ${server.port} ${server.asks}`);
      const line = await client.line();
      if (server.notYet?.test(line) !== true) return line;
    }
  }

  #client(command: readonly string[], way: Way): Program {
    const key = `${way} ${command.join(" ")}`;
    const started = this.#clients.get(key);
    if (started !== undefined) return started;
    const { world } = this;
    const client = way === "shim" ? world.startClient(...command) : world.start(...command);
    this.#clients.set(key, client);
    return client;
  }
}
