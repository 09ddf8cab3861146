/**
 * What the daemon does for its callers, behind the HTTP API. Implemented by
 * `platform/daemon/deployments.ts`; every method rejects with `ImError`.
 */
import type { Manifest } from "../manifest/manifest.js";
import type { HostState } from "../supervisor/host-history.js";
import type { Metric } from "./exposition.js";
import type { HostWhy } from "./why-document.js";

export type { HostState };

export interface WakeDetails {
  /** When the signal came; ISO 8601. */
  readonly at: string;
  /** From the signal until the host ran. */
  readonly tookMs: number;
  /** The process that connected, and its program's name, where they are known. */
  readonly pid: number | null;
  readonly program: string | null;
  readonly port: number | null;
  /** In their order: claiming, invoking, … */
  readonly phases: readonly { readonly name: string; readonly tookMs: number }[];
}

export interface HostStatus {
  readonly name: string;
  readonly class: string;
  readonly state: HostState;
  /** Dotted. */
  readonly address: string;
  readonly listen: readonly (number | string)[];
  /** Declared ports that another one of the address stands in for: who has no shim dials that. */
  readonly mapped?: Readonly<Record<string, number>> | undefined;
  readonly incarnation: number;
  readonly wakes: number;
  readonly pids: readonly number[];
  readonly connections: number;
  /** How long nothing has happened to it, by the last look; asleep: since it fell asleep. */
  readonly idleForMs: number | null;
  readonly lastWake: {
    readonly signal: string;
    readonly by: string;
    readonly port: number | null;
    readonly at: string;
    readonly tookMs: number | null;
  } | null;
  readonly lastSuspend: {
    readonly at: string;
    /** From the decision until nothing of it ran. */
    readonly tookMs: number;
  } | null;
  readonly memoryMb: number | null;
  readonly billedMs: number;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly retryAt: string | null;
  } | null;
}

export interface DeploymentStatus {
  readonly deployment: string;
  readonly cloud: "local" | "aws";
  readonly since: string;
  readonly hosts: readonly HostStatus[];
  /** Declared hosts of classes with a count that were never real. */
  readonly imaginary: number;
  /** Why it is not known yet what its hosts are: the store is away since the daemon was started. */
  readonly unread?: string | undefined;
}

export interface LifecycleEvent {
  readonly at: string;
  readonly host: string;
  readonly incarnation: number;
  readonly from: HostState;
  readonly to: HostState;
  readonly signal: string;
  readonly by: string;
  readonly tookMs: number | null;
  /** Only of a change that ends a wake: what caused it, and how long each phase took. */
  readonly wake?: WakeDetails;
  /** Only where something failed. */
  readonly error?: { readonly code: string; readonly message: string };
}

export interface DeployRequest {
  /** Already parsed and validated by the caller (the CLI), paths made absolute. */
  readonly manifest: Manifest;
  readonly cloud: "local" | "aws";
}

export interface DeployResult {
  readonly deployment: string;
  readonly hosts: number;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export interface DaemonService {
  deploy(request: DeployRequest): Promise<DeployResult>;
  /** Names of everything deployed here. */
  deployments(): readonly string[];
  status(deployment: string): Promise<DeploymentStatus>;
  /** Also of a host that was never real. */
  host(deployment: string, name: string): Promise<HostStatus>;
  /** Past events, oldest first; the daemon keeps the last 10,000 of a deployment. */
  events(deployment: string): readonly LifecycleEvent[];
  /** Calls back for every event from now on; the result ends that. */
  onEvent(deployment: string, listener: (event: LifecycleEvent) => void): () => void;
  /** Who woke it, and what keeps it awake. */
  why(deployment: string, host: string): Promise<HostWhy>;
  /** Resolves when the host is running; rejects with the reason where it fails. */
  wake(deployment: string, host: string): Promise<void>;
  /** Resolves when the host is suspended. */
  suspend(deployment: string, host: string): Promise<void>;
  /** Resolves when the host is imaginary again. */
  stop(deployment: string, host: string): Promise<void>;
  /** Resolves when nothing of the deployment runs and its sockets and files are gone. */
  down(deployment: string): Promise<void>;
  /** Of everything that is deployed here. */
  metrics(): readonly Metric[];
  /** Log file of a host's guests; it may not exist yet. */
  logFile(deployment: string, host: string): string;
  /** The daemon ends itself when this turns true and no request is under way. */
  idle(): boolean;
  close(): Promise<void>;
}
