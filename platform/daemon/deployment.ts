/** One deployment on this node: its block, name table, functions, published ports, supervisor. */
import { join } from "node:path";
import { ImError } from "../errors/im-error.js";
import { hostNames, type Manifest } from "../manifest/manifest.js";
import { pause } from "../membership/back-off.js";
import { type AddressBlock, claimAddressBlock } from "../network/address-blocks-adapter.js";
import { assignOffsets } from "../network/assignment.js";
import { blockSize } from "../network/layout.js";
import { NameTableFile, type NameTableOptions } from "../network/name-table-adapter.js";
import type { FunctionSpec } from "../ports/cloud.js";
import type { DeclaredHost } from "../supervisor/declared-host.js";
import { Supervisor } from "../supervisor/supervisor.js";
import { changedClasses, declaredHosts, functionSpecs, type Grant } from "./declared-hosts.js";
import { DeploymentFile, type StoredDeployment } from "./deployment-file.js";
import { EventHistory } from "./event-history.js";
import type { Node } from "./node.js";
import { pastOfHosts } from "./past-wakes.js";
import { PublishedPorts } from "./published-ports-adapter.js";
import type { DeployResult } from "./service.js";

/** Longer than a store takes that is there; a daemon that is started again waits no longer. */
const storePatienceMs = 2_000;

export class Deployment {
  readonly supervisor: Supervisor;
  readonly history: EventHistory;
  readonly file: DeploymentFile;
  readonly #node: Node;
  readonly #block: AddressBlock;
  readonly #table: NameTableFile;
  readonly #published: PublishedPorts;
  #stored: StoredDeployment;

  private constructor(
    node: Node,
    stored: StoredDeployment,
    block: AddressBlock,
    openTable: (options: NameTableOptions) => NameTableFile,
  ) {
    const { deployment } = stored.manifest;
    this.#node = node;
    this.#stored = stored;
    this.#block = block;
    this.file = new DeploymentFile(node.home, deployment);
    this.#table = openTable({
      path: join(node.runtimeDirectory, `names-${block.index}`),
      deployment,
      blockBase: block.base,
      blockSize,
    });
    this.#published = new PublishedPorts(
      node.log,
      (address, port) => this.supervisor.mappedPort(address, { port, protocol: "tcp" }),
      node.addon,
      node.custody,
    );
    this.supervisor = new Supervisor({
      deployment,
      deployId: stored.deployId,
      nodeId: node.id,
      blockBase: block.base,
      ports: { ...node, nameTable: this.#table, log: node.log.child({ deployment }) },
    });
    this.history = new EventHistory(this.file.eventsFile, node.log);
    this.supervisor.onChange((change) => this.history.add(change));
  }

  /** A new deployment; whatever it got is given back where it cannot be completed. */
  static async create(node: Node, manifest: Manifest, cloud: "local"): Promise<Deployment> {
    const block = claimAddressBlock(null, 0, node.addon, node.custody);
    const stored: StoredDeployment = {
      version: 1,
      deployId: node.random.id(),
      cloud,
      since: new Date(node.clock.nowMs()).toISOString(),
      block: block.index,
      assignment: {},
      manifest: { ...manifest, classes: [] },
    };
    const deployment = holding(
      block,
      () => new Deployment(node, stored, block, (at) => NameTableFile.create(at)),
    );
    try {
      await deployment.apply(manifest);
      return deployment;
    } catch (error) {
      await deployment.down();
      throw error;
    }
  }

  /**
   * A deployment that an earlier daemon of this node left behind. Its hosts are held at once;
   * `taken` when they are taken up where membership and their environments say they are, or the
   * store has been waited for long enough.
   */
  static restore(node: Node, stored: StoredDeployment) {
    const block = claimAddressBlock(stored.block, 0, node.addon, node.custody);
    // Somebody else has the block that was lost with keeper and daemon: every address is another.
    const moved = block.index !== stored.block;
    // Guests have the table mapped: it goes on as it is.
    const openTable = (at: NameTableOptions) =>
      moved ? NameTableFile.create(at) : new NameTableFile(at);
    const deployment = new Deployment(node, { ...stored, block: block.index }, block, openTable);
    if (moved) deployment.file.write(deployment.stored);
    return { deployment, taken: deployment.#takeUp(moved) };
  }

  async #takeUp(moved: boolean): Promise<void> {
    const { manifest } = this.#stored;
    const declared = declaredHosts(manifest, this.#grant(this.#stored));
    await this.#read(declared, moved);
    const ports = await this.#published.prepare(publications(manifest, declared));
    ports.commit();
  }

  async #read(declared: readonly DeclaredHost[], moved: boolean): Promise<void> {
    const { clock, invoked, log } = this.#node;
    let isLate = false;
    const read = this.supervisor.restore(declared, () => {
      this.#recallWakes();
      this.supervisor.adopt(invoked(), moved);
      if (isLate) this.reconcile();
    });
    // What goes wrong then is a fault of ours, and no reason to end what runs.
    read.catch((error: unknown) => {
      if (isLate) log.error({ err: error }, "hosts could not be taken up");
    });
    await Promise.race([read, pause(clock, storePatienceMs)]);
    isLate = true;
  }

  /** By what the engine still has: lives without an environment are over. */
  reconcile(): void {
    const environments = this.#node.environments();
    for (const host of this.supervisor.hosts.values()) host.reconcile(environments);
  }

  /** How often, and by whom, each host was woken before this daemon was started. */
  #recallWakes(): void {
    for (const [name, past] of pastOfHosts(this.history.events)) {
      this.supervisor.hosts.get(name)?.history.recall(past);
    }
  }

  get stored(): StoredDeployment {
    return this.#stored;
  }

  get tablePath(): string {
    return this.#table.path;
  }

  /**
   * Brings everything in line with the manifest; hosts that stay keep running as they are. Rejects
   * only with everything as it was before.
   */
  async apply(manifest: Manifest): Promise<DeployResult> {
    this.#requireRead();
    const before = this.#stored.manifest;
    const names = manifest.classes.flatMap(hostNames);
    const assignment = assignOffsets(this.#stored.assignment, names);
    const stored = { ...this.#stored, manifest, assignment };
    const wanted = declaredHosts(manifest, this.#grant(stored));
    const previous = new Set(before.classes.flatMap(hostNames));
    const kept = new Set(names);
    const removed = [...previous].filter((name) => !kept.has(name));
    await this.#change(stored, wanted);
    await this.#remove(removed, before, manifest);
    return {
      deployment: manifest.deployment,
      hosts: names.length,
      added: names.filter((name) => !previous.has(name)),
      changed: changedClasses(before, manifest),
      removed,
    };
  }

  /** Resolves when nothing of the deployment runs and its sockets and files are gone. */
  async down(): Promise<void> {
    this.#requireRead();
    this.#published.close();
    this.supervisor.retire(this.supervisor.hosts.keys());
    await Promise.all([...this.supervisor.hosts.keys()].map((host) => this.supervisor.stop(host)));
    this.supervisor.close();
    for (const spec of this.#specs(this.#stored.manifest)) {
      await this.#node.cloud.deleteFunction(spec.name);
    }
    this.#table.close();
    this.#block.release();
    this.file.remove();
    this.history.remove();
  }

  #requireRead(): void {
    const { unread } = this.supervisor;
    if (unread !== null) throw unread;
  }

  /** What can fail comes first, and is undone where anything after it does. */
  async #change(stored: StoredDeployment, wanted: readonly DeclaredHost[]): Promise<void> {
    const { cloud, membership, addon } = this.#node;
    addon.reserveDescriptors(wanted.reduce((sum, { listen }) => sum + listen.length, 0));
    const records = await membership.list(stored.deployId);
    const ensured: FunctionSpec[] = [];
    try {
      for (const spec of this.#specs(stored.manifest)) {
        await cloud.ensureFunction(spec);
        ensured.push(spec);
      }
      const ports = await this.#published.prepare(publications(stored.manifest, wanted));
      try {
        this.supervisor.declare(wanted, records, () => this.file.write(stored));
      } catch (error) {
        ports.cancel();
        throw error;
      }
      ports.commit();
      await this.#node.custody.flushed();
      this.#stored = stored;
    } catch (error) {
      await this.#restoreFunctions(ensured);
      throw error;
    }
  }

  async #restoreFunctions(ensured: readonly FunctionSpec[]): Promise<void> {
    const { cloud } = this.#node;
    const before = new Map(this.#specs(this.#stored.manifest).map((spec) => [spec.name, spec]));
    for (const { name } of ensured) {
      const spec = before.get(name);
      await this.#orLog(
        spec === undefined ? cloud.deleteFunction(name) : cloud.ensureFunction(spec),
      );
    }
  }

  async #remove(hosts: readonly string[], before: Manifest, after: Manifest): Promise<void> {
    this.supervisor.retire(hosts);
    await Promise.all(hosts.map((host) => this.supervisor.stop(host)));
    for (const host of hosts) this.supervisor.forget(host);
    const kept = new Set(this.#specs(after).map((spec) => spec.name));
    for (const { name } of this.#specs(before)) {
      if (!kept.has(name)) await this.#orLog(this.#node.cloud.deleteFunction(name));
    }
  }

  /** The outcome of the deploy is decided: a function that is left over does not change it. */
  async #orLog(change: Promise<void>): Promise<void> {
    try {
      await change;
    } catch (error) {
      this.#node.log.warn({ err: error }, "a function could not be brought in line");
    }
  }

  #specs(manifest: Manifest): readonly FunctionSpec[] {
    return functionSpecs(manifest, this.#node.timeoutSeconds);
  }

  #grant(stored: StoredDeployment): Grant {
    return {
      deployId: stored.deployId,
      blockBase: this.#block.base,
      assignment: stored.assignment,
      nodeSocket: this.#node.nodeSocket,
      tablePath: this.#table.path,
      logFile: (host) => this.file.logFile(host),
    };
  }
}

/** Gives the block back where what was to have it could not be made. */
function holding<Holder>(block: AddressBlock, make: () => Holder): Holder {
  try {
    return make();
  } catch (error) {
    block.release();
    throw error;
  }
}

function publications(manifest: Manifest, hosts: readonly DeclaredHost[]) {
  return manifest.classes.flatMap((hostClass) =>
    hostClass.publish.map(({ from, to }) => {
      const host = hosts.find((declared) => declared.name === hostClass.name);
      if (host === undefined) {
        throw new ImError("IM_MANIFEST_INVALID", {
          what: `${hostClass.name} publishes a port and has a count`,
        });
      }
      return { from, address: host.address, to };
    }),
  );
}
