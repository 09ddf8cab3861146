/** Where hosts run. Shaped so that another backend than Lambda can be put behind it. */
export interface FunctionSpec {
  readonly name: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Invocation {
  readonly functionName: string;
  /** Addresses the host's own environment among its class. */
  readonly tenantId: string;
  readonly payload: unknown;
}

/** An environment of a host, as the cloud itself sees it. */
export interface CloudEnvironment {
  /** An invocation is under way in it. */
  readonly invoked: boolean;
  /** Of the host-runtime; null while it is started. */
  readonly pid: number | null;
}

export interface Cloud {
  /** Creates the function, or brings an existing one in line with the spec. Idempotent. */
  ensureFunction(spec: FunctionSpec): Promise<void>;
  /** Resolves when the function no longer exists; a function that never did is no error. */
  deleteFunction(name: string): Promise<void>;
  /**
   * Asynchronous invocation: resolves when the event is accepted, rejects with `ImError`
   * IM_INVOKE_FAILED when it is refused. Never repeated by the SDK.
   */
  invoke(invocation: Invocation): Promise<void>;
  /**
   * The host's frozen environment is about to be invoked: a cloud that can lets its guests run on
   * at once. Absent where the event alone does that.
   */
  hasten?(functionName: string, tenantId: string): void;
}
