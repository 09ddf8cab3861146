import { Agent } from "node:http";
import { LambdaClient, type LambdaClientConfig } from "@aws-sdk/client-lambda";

export type LambdaTarget =
  /** The embedded engine, on its Unix socket. */
  | { readonly socketPath: string }
  /** AWS; credentials, and what is left out, come from where the SDK always finds them. */
  | { readonly endpoint?: string; readonly region?: string; readonly maxAttempts?: number };

export interface LambdaClientTimeouts {
  readonly connectionMs: number;
  /** Of one attempt. A deletion is answered only when its environments are gone. */
  readonly requestMs: number;
}

const timeoutsDefault: LambdaClientTimeouts = { connectionMs: 5_000, requestMs: 60_000 };

/** The SDK never repeats of itself: an event that is sent twice may be handled twice. */
export function createLambdaClient(
  target: LambdaTarget,
  timeouts: LambdaClientTimeouts = timeoutsDefault,
): LambdaClient {
  // The SDK warns of Node 20 when a client is created; users can do nothing about it.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const bounds = {
    connectionTimeout: timeouts.connectionMs,
    requestTimeout: timeouts.requestMs,
    throwOnRequestTimeout: true,
    logger: silent,
  };
  const shared: LambdaClientConfig = { maxAttempts: 1, logger: silent };
  if (!("socketPath" in target)) {
    return new LambdaClient({ ...shared, ...target, requestHandler: bounds });
  }
  const agentOptions = { keepAlive: true, socketPath: target.socketPath };
  return new LambdaClient({
    ...shared,
    ...embeddedConfiguration,
    requestHandler: { ...bounds, httpAgent: new Agent(agentOptions) },
  });
}

/** Everything the SDK would otherwise look up in the user's AWS set-up. */
const embeddedConfiguration: LambdaClientConfig = {
  // The engine looks at no signature there: the socket is its owner's alone.
  signer: { sign: async (request) => request },
  endpoint: "http://localhost",
  region: "us-east-1",
  credentials: { accessKeyId: "embedded", secretAccessKey: "embedded" },
  useFipsEndpoint: false,
  useDualstackEndpoint: false,
};

/** What the SDK prints goes past the platform's log, to the user's terminal: outcomes suffice. */
const silent = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {}
