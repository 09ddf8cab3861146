/** What an Invoke request asks for, held against AWS's patterns and limits. */
import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import type { FunctionRecord } from "./function-record.js";
import { LambdaError } from "./lambda-error.js";
import { invalid, parseJson, validate } from "./validation.js";

const synchronousBytesMax = 6_291_456;
const asynchronousBytesMax = 1_048_576;
/** Of the JSON, before its encoding in base64. */
const clientContextBytesMax = 3_583;

const head = z.object({
  InvocationType: z.enum(["Event", "RequestResponse", "DryRun"]).default("RequestResponse"),
  LogType: z.enum(["None", "Tail"]).default("None"),
  TenantId: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[a-zA-Z0-9._:/=+\-@ ]+$/)
    .optional(),
});

export interface InvokeRequest {
  readonly type: "Event" | "RequestResponse" | "DryRun";
  readonly logType: "None" | "Tail";
  readonly tenantId: string | null;
  /** JSON; null: there is none, or the event is asynchronous, where AWS does not pass it on. */
  readonly clientContext: string | null;
  /** The event as the runtime will get it. */
  readonly payload: Buffer;
}

export function readInvokeRequest(
  record: FunctionRecord,
  headers: IncomingHttpHeaders,
  body: Buffer,
): InvokeRequest {
  const given = validate(head, {
    InvocationType: headers["x-amz-invocation-type"],
    LogType: headers["x-amz-log-type"],
    TenantId: headers["x-amz-tenant-id"],
  });
  const type = given.InvocationType;
  const bytesMax = type === "Event" ? asynchronousBytesMax : synchronousBytesMax;
  return {
    type,
    logType: given.LogType,
    tenantId: tenantOf(record, given.TenantId),
    clientContext: contextOf(type, headers["x-amz-client-context"]),
    payload: payloadOf(body, bytesMax),
  };
}

function tenantOf({ perTenant }: FunctionRecord, tenantId: string | undefined): string | null {
  if (perTenant === (tenantId !== undefined)) return tenantId ?? null;
  throw invalid(
    perTenant
      ? "The invoked function is enabled with tenancy configuration. Add a valid tenant ID in " +
          "your request and try again."
      : "The invoked function is not enabled with tenancy configuration. Remove the tenant ID " +
          "from your request and try again.",
  );
}

function contextOf(type: string, encoded: string | string[] | undefined): string | null {
  if (encoded === undefined) return null;
  const json = Buffer.from([encoded].flat().join(""), "base64");
  if (json.length > clientContextBytesMax) {
    throw refuse(`Client context must be no more than ${clientContextBytesMax} bytes.`);
  }
  const value = parseContext(json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw noContext();
  // Also rid of line breaks, which a header cannot hold.
  return type === "Event" ? null : JSON.stringify(value);
}

function parseContext(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString("utf8"));
  } catch {
    // What is wrong in it is nothing that the text of the error could help with.
    throw noContext();
  }
}

function noContext(): LambdaError {
  return refuse("Client context must be a valid Base64-encoded JSON object.");
}

function payloadOf(body: Buffer, bytesMax: number): Buffer {
  if (body.length > bytesMax) {
    const message = `Request must be smaller than ${bytesMax} bytes`;
    const operation = "for the InvokeFunction operation";
    throw new LambdaError("RequestTooLargeException", `${message} ${operation}`);
  }
  if (body.length === 0) return Buffer.from("{}");
  parseJson(body, "InvalidRequestContentException");
  return body;
}

function refuse(message: string): LambdaError {
  return new LambdaError("InvalidRequestContentException", message);
}
