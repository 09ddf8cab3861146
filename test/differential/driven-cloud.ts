/** What the simulated cloud and the engine on this machine are both driven through. */
export const tenants = ["a", "b", "c"] as const;
export type Tenant = (typeof tenants)[number];

/** An environment that has had an event, as the cloud shows it and as its process knows. */
export interface SeenEnvironment {
  readonly tenant: Tenant;
  /** Numbers of the events that it was given, in their order. */
  readonly events: readonly number[];
  /** `awake`: it has nothing to do, and is not frozen. */
  readonly state: "busy" | "awake" | "frozen" | "ended";
}

export interface CloudView {
  /** Environments on their way to a first event: what is seen beside one does not last. */
  readonly starting: number;
  /** In the order of their first events. */
  readonly environments: readonly SeenEnvironment[];
  /** Events that were accepted, and that no environment was ever given. */
  readonly waiting: readonly number[];
}

export interface DrivenCloud {
  /** An asynchronous invocation; resolves with what the cloud answers. */
  invoke(tenant: Tenant, event: number): Promise<string>;
  /** A synchronous one; resolves with what is known before it is answered. */
  ask(tenant: Tenant, event: number): Promise<string>;
  /** The function, which is there at first. */
  create(): Promise<void>;
  delete(): Promise<void>;
  /** So many events of it may be in hand at once; null: any number. */
  reserve(most: number | null): Promise<void>;
  /** The environment that has this event in hand answers it. */
  answer(event: number): void;
  /** The process of this environment is killed. */
  kill(environment: number): void;
  /** The tenant is about to be invoked. */
  hasten(tenant: Tenant): void;
  /** Whether what is idle for long is kept. */
  keep(tenant: Tenant, isKept: boolean): void;
  /** Time passes: deadlines, and rests that were long enough. */
  pass(ms: number): void;
  view(): CloudView;
}

/** Both clouds' limits; no multiple of a pass is close to one of theirs. */
export const timeoutMs = 50_000;
export const idleMs = 30_000;
export const passMs = 21_000;
