/** The daemon's service: all deployments of one IM_HOME on this node. */
import { ImError } from "../errors/im-error.js";
import { formatAddress } from "../network/layout.js";
import type { Peer, PeerHandler } from "../ports/processes.js";
import type { EnvironmentMessage } from "../protocol/environment.js";
import type { Ending, EnvironmentReport } from "../supervisor/host-environment.js";
import { SupervisedHost } from "../supervisor/supervised-host.js";
import { Deployment } from "./deployment.js";
import { storedDeployments } from "./deployment-file.js";
import { deploymentStatus, hostStatus } from "./deployment-status.js";
import type { Metric } from "./exposition.js";
import { hostWhy } from "./host-why.js";
import type { Node } from "./node.js";
import { nodeMetrics } from "./node-metrics.js";
import { noDeployment, noHost, oneOf } from "./not-there.js";
import type {
  DaemonService,
  DeploymentStatus,
  DeployRequest,
  DeployResult,
  HostStatus,
  LifecycleEvent,
} from "./service.js";
import type { HostWhy } from "./why-document.js";

export class Deployments implements DaemonService, PeerHandler {
  readonly #node: Node;
  readonly #close: (isEmpty: boolean) => Promise<void>;
  readonly #byName = new Map<string, Deployment>();
  readonly #byPeer = new Map<Peer, Deployment>();
  /** Deploys and downs of one deployment follow one another. */
  readonly #turns = new Map<string, Promise<unknown>>();

  /** `close` ends what the node consists of; told whether nothing is deployed any more. */
  constructor(node: Node, close: (isEmpty: boolean) => Promise<void>) {
    this.#node = node;
    this.#close = close;
  }

  /** Takes up what an earlier daemon left behind. All are held before one is waited for. */
  async restore(): Promise<void> {
    const taken = storedDeployments(this.#node.home).map((stored) => {
      const restoring = Deployment.restore(this.#node, stored);
      this.#byName.set(stored.manifest.deployment, restoring.deployment);
      return restoring.taken;
    });
    await Promise.all(taken);
  }

  /** After the engine has said what it still has: lives without an environment are over. */
  reconcile(): void {
    for (const deployment of this.#byName.values()) deployment.reconcile();
  }

  /** A life goes on in the environment of this name, with or without an invocation. */
  needsEnvironment(functionName: string, tenantId: string, environment: string): boolean {
    return this.#hostsOf(functionName, tenantId).some((host) => host.mayLiveIn(environment));
  }

  environmentFrozen(functionName: string, tenantId: string): void {
    for (const host of this.#hostsOf(functionName, tenantId)) host.environmentFrozen();
  }

  #hostsOf(functionName: string, name: string): readonly SupervisedHost[] {
    return [...this.#byName.values()]
      .flatMap(({ supervisor }) => supervisor.hosts.get(name) ?? [])
      .filter(({ declared }) => declared.functionName === functionName);
  }

  deploy(request: DeployRequest): Promise<DeployResult> {
    const { manifest, cloud } = request;
    if (cloud === "aws") {
      const what = "deploying to AWS is not possible with this version";
      return Promise.reject(new ImError("IM_CLOUD_UNAVAILABLE", { what }));
    }
    return this.#inTurn(manifest.deployment, async () => {
      const existing = this.#byName.get(manifest.deployment);
      if (existing !== undefined) return existing.apply(manifest);
      const created = await Deployment.create(this.#node, manifest, cloud);
      this.#byName.set(manifest.deployment, created);
      const names = [...created.supervisor.hosts.keys()];
      const { deployment } = manifest;
      return { deployment, hosts: names.length, added: names, changed: [], removed: [] };
    });
  }

  deployments(): readonly string[] {
    return [...this.#byName.keys()];
  }

  async status(deployment: string): Promise<DeploymentStatus> {
    return deploymentStatus(this.#require(deployment), this.#node);
  }

  async host(deployment: string, name: string): Promise<HostStatus> {
    return hostStatus(this.#requireHost(deployment, name), this.#node);
  }

  events(deployment: string): readonly LifecycleEvent[] {
    return this.#require(deployment).history.events;
  }

  onEvent(deployment: string, listener: (event: LifecycleEvent) => void): () => void {
    return this.#require(deployment).history.follow(listener);
  }

  async wake(deployment: string, host: string): Promise<void> {
    this.#requireHost(deployment, host);
    await this.#require(deployment).supervisor.wake(host);
  }

  async why(deployment: string, host: string): Promise<HostWhy> {
    return hostWhy(this.#require(deployment), this.#requireHost(deployment, host), this.#node);
  }

  async suspend(deployment: string, host: string): Promise<void> {
    this.#requireHost(deployment, host);
    await this.#require(deployment).supervisor.suspend(host);
  }

  async stop(deployment: string, host: string): Promise<void> {
    this.#requireHost(deployment, host);
    await this.#require(deployment).supervisor.stop(host);
  }

  down(deployment: string): Promise<void> {
    return this.#inTurn(deployment, async () => {
      await this.#require(deployment).down();
      this.#byName.delete(deployment);
    });
  }

  metrics(): readonly Metric[] {
    const deployed = [...this.#byName].map(([deployment, { supervisor }]) => ({
      deployment,
      supervisor,
    }));
    return nodeMetrics(deployed, this.#node);
  }

  logFile(deployment: string, host: string): string {
    this.#requireHost(deployment, host);
    return this.#require(deployment).file.logFile(host);
  }

  idle(): boolean {
    return this.#byName.size === 0 && this.#turns.size === 0;
  }

  async close(): Promise<void> {
    const endings = this.deployments().map(async (deployment) => {
      try {
        await this.down(deployment);
      } catch (error) {
        this.#node.log.error({ deployment, err: error }, "a deployment could not be ended");
      }
    });
    await Promise.all(endings);
    await this.#close(this.deployments().length === 0);
  }

  message(peer: Peer, message: EnvironmentMessage): void {
    switch (message.type) {
      case "environment.started":
      case "environment.resumed":
      case "environment.misdirected":
        this.#environmentReported(peer, message);
        return;
      case "client.resumed":
        this.#clientResumed(peer, message);
        return;
      case "client.started":
        this.#clientStarted(peer, message);
        return;
      default:
        this.#byPeer.get(peer)?.supervisor.message(peer, message);
    }
  }

  closed(peer: Peer): void {
    this.#byPeer.get(peer)?.supervisor.peerClosed(peer);
    this.#byPeer.delete(peer);
  }

  /**
   * The engine's proof that nothing of an environment runs any more. `host`: null where the engine
   * knows of no event that it had, which could not be recorded if the disk was full.
   */
  environmentEnded(host: string | null, pid: number, ending: Ending): void {
    for (const { supervisor } of this.#byName.values()) {
      for (const name of host === null ? supervisor.hosts.keys() : [host]) {
        supervisor.environmentEnded(name, pid, ending);
      }
    }
  }

  #environmentReported(peer: Peer, message: EnvironmentReport): void {
    const found = this.#ofDeploy(message.deployId);
    if (found === null) {
      peer.send({ type: "environment.refused", reason: "there is no such deployment" });
      return;
    }
    this.#byPeer.set(peer, found);
    found.supervisor.environmentReported(peer, message);
  }

  #clientStarted(
    peer: Peer,
    message: Extract<EnvironmentMessage, { type: "client.started" }>,
  ): void {
    try {
      const deployment = this.#require(message.deployment);
      const started = deployment.supervisor.clientStarted(peer, message);
      this.#byPeer.set(peer, deployment);
      const asHost = started instanceof SupervisedHost ? started.declared : null;
      const address =
        started instanceof SupervisedHost ? started.declared.address : started.address;
      const environment: Record<string, string> = {
        IM_DEPLOYMENT: message.deployment,
        IM_ADDRESS: formatAddress(address),
        IM_TABLE: deployment.tablePath,
        ...(asHost === null ? {} : { IM_HOST: asHost.name }),
      };
      peer.send({ type: "client.accepted", environment });
    } catch (error) {
      if (!(error instanceof ImError)) throw error;
      const refused = { code: error.code, message: error.message };
      peer.send({ type: "client.refused", error: refused });
    }
  }

  #clientResumed(
    peer: Peer,
    message: Extract<EnvironmentMessage, { type: "client.resumed" }>,
  ): void {
    const found = this.#byName.get(message.deployment);
    if (found?.supervisor.clientResumed(peer, message)) {
      this.#byPeer.set(peer, found);
      peer.send({ type: "client.accepted", environment: {} });
    } else {
      const error = { code: "IM_NO_DEPLOYMENT", message: `${message.deployment} has ended` };
      peer.send({ type: "client.refused", error });
    }
  }

  #ofDeploy(deployId: string): Deployment | null {
    return [...this.#byName.values()].find(({ stored }) => stored.deployId === deployId) ?? null;
  }

  async #inTurn<T>(deployment: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(deployment) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(deployment, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(deployment) === turn) this.#turns.delete(deployment);
    }
  }

  #require(deployment: string): Deployment {
    const found = this.#byName.get(deployment);
    if (found !== undefined) return found;
    throw noDeployment(deployment, this.deployments());
  }

  #requireHost(deployment: string, name: string): SupervisedHost {
    const { hosts } = this.#require(deployment).supervisor;
    const found = hosts.get(name);
    if (found !== undefined) return found;
    throw noHost(deployment, name, oneOf([...hosts.keys()]));
  }
}
