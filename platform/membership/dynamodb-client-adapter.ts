import { Agent } from "node:http";
import { DynamoDBClient, type DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";

export type DynamoDbTarget =
  /** The embedded table, on its Unix socket. */
  | { readonly socketPath: string }
  /** AWS; credentials, and what is left out, come from where the SDK always finds them. */
  | { readonly endpoint?: string; readonly region?: string };

export interface DynamoDbTimeouts {
  /** Of one attempt; the caller repeats. */
  readonly requestMs: number;
}

/** The SDK never repeats: a repetition hides from it whether the first write was applied. */
export function createDynamoDbClient(
  target: DynamoDbTarget,
  timeouts: DynamoDbTimeouts = { requestMs: 2000 },
): DynamoDBClient {
  // The SDK warns of Node 20 when a client is created; users can do nothing about it.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const bounds = {
    requestTimeout: timeouts.requestMs,
    connectionTimeout: timeouts.requestMs,
    throwOnRequestTimeout: true,
    logger: silent,
  };
  const shared: DynamoDBClientConfig = { maxAttempts: 1, logger: silent };
  if (!("socketPath" in target)) {
    return new DynamoDBClient({ ...shared, ...target, requestHandler: bounds });
  }
  const agentOptions = { keepAlive: true, socketPath: target.socketPath };
  return new DynamoDBClient({
    ...shared,
    ...embeddedConfiguration,
    requestHandler: { ...bounds, httpAgent: new Agent(agentOptions) },
  });
}

/** What a table asks for that verifies no signature; the embedded one's socket is its owner's. */
const unsigned = {
  authorization: [
    "AWS4-HMAC-SHA256 Credential=embedded/20000101/us-east-1/dynamodb/aws4_request",
    "SignedHeaders=host",
    "Signature=none",
  ].join(", "),
  "x-amz-date": "20000101T000000Z",
};

/** Everything the SDK would otherwise look up in the user's AWS set-up. */
const embeddedConfiguration: DynamoDBClientConfig = {
  signer: {
    async sign(request) {
      Object.assign(request.headers, unsigned);
      return request;
    },
  },
  endpoint: "http://localhost",
  region: "us-east-1",
  credentials: { accessKeyId: "embedded", secretAccessKey: "embedded" },
  accountIdEndpointMode: "disabled",
  useFipsEndpoint: false,
  useDualstackEndpoint: false,
};

/** What the SDK prints goes past the platform's log, to the user's terminal: outcomes suffice. */
const silent = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {}
