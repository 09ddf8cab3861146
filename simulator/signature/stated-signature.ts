/**
 * What a request says of its own signature (AWS Signature Version 4), in the Authorization header
 * or, presigned, in its query; AWS's refusals for what cannot be read.
 */
import type { IncomingHttpHeaders } from "node:http";
import { SignatureError } from "./signature-error.js";

export interface RequestHead {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface StatedSignature {
  readonly kind: "header" | "presigned";
  readonly accessKeyId: string;
  /** yyyymmdd. */
  readonly day: string;
  readonly region: string;
  readonly service: string;
  /** ISO 8601 without separators. */
  readonly date: string;
  /** Until the date plus so much; null: the clocks need only agree. */
  readonly expiresInSeconds: number | null;
  readonly signedHeaders: readonly string[];
  /** Hexadecimal. */
  readonly signature: string;
  readonly sessionToken: string | null;
}

const algorithm = "AWS4-HMAC-SHA256";
/** Bounds the work for whoever has no key. */
const signedHeadersMax = 100;
/** A week, as AWS. */
const expiresInSecondsMax = 604_800;

/** The query parameters that carry a presigned request's signature. */
export const signatureParameters: ReadonlySet<string> = new Set([
  "X-Amz-Algorithm",
  "X-Amz-Credential",
  "X-Amz-Date",
  "X-Amz-Expires",
  "X-Amz-Security-Token",
  "X-Amz-Signature",
  "X-Amz-SignedHeaders",
]);

/** Throws MissingAuthenticationTokenException or IncompleteSignatureException. */
export function readStatedSignature(head: RequestHead): StatedSignature {
  const { authorization } = head.headers;
  if (authorization !== undefined) return fromHeader(authorization, head.headers);
  const query = queryOf(head);
  if (query.has("X-Amz-Algorithm")) return fromQuery(query);
  throw new SignatureError("MissingAuthenticationTokenException", "Missing Authentication Token");
}

/** Of any path: what no URL could be made of is a request, too. */
export function queryOf({ url }: RequestHead): URLSearchParams {
  const [, ...rest] = url.split("?");
  return new URLSearchParams(rest.join("?"));
}

function fromHeader(authorization: string, headers: IncomingHttpHeaders): StatedSignature {
  const [stated, ...rest] = authorization.trim().split(/ +/);
  if (stated !== algorithm) throw incomplete("the authorization header names no known algorithm");
  const parts = new Map(
    rest
      .join("")
      .split(",")
      .map((part) => {
        const [name = "", ...value] = part.split("=");
        return [name, value.join("=")] as const;
      }),
  );
  const signedHeaders = listed(parts.get("SignedHeaders"));
  if (!signedHeaders.includes("x-amz-date")) throw incomplete("'X-Amz-Date' must be signed");
  return {
    kind: "header",
    ...credentialOf(parts.get("Credential")),
    date: dateOf(single(headers["x-amz-date"])),
    expiresInSeconds: null,
    signedHeaders,
    signature: signatureOf(parts.get("Signature")),
    sessionToken: single(headers["x-amz-security-token"]) ?? null,
  };
}

function fromQuery(query: URLSearchParams): StatedSignature {
  if (query.get("X-Amz-Algorithm") !== algorithm) throw incomplete("X-Amz-Algorithm is not known");
  const expires = query.get("X-Amz-Expires") ?? "";
  const expiresInSeconds = Number(expires);
  if (
    !/^\d{1,6}$/.test(expires) ||
    expiresInSeconds < 1 ||
    expiresInSeconds > expiresInSecondsMax
  ) {
    throw incomplete(`X-Amz-Expires must be from 1 to ${expiresInSecondsMax}`);
  }
  return {
    kind: "presigned",
    ...credentialOf(query.get("X-Amz-Credential") ?? undefined),
    date: dateOf(query.get("X-Amz-Date") ?? undefined),
    expiresInSeconds,
    signedHeaders: listed(query.get("X-Amz-SignedHeaders") ?? undefined),
    signature: signatureOf(query.get("X-Amz-Signature") ?? undefined),
    sessionToken: query.get("X-Amz-Security-Token"),
  };
}

function credentialOf(text = "") {
  const match = /^([\w-]{1,128})\/(\d{8})\/([\w-]{1,64})\/([\w-]{1,64})\/aws4_request$/.exec(text);
  const [, accessKeyId, day, region, service] = match ?? [];
  if (
    accessKeyId === undefined ||
    day === undefined ||
    region === undefined ||
    service === undefined
  ) {
    throw incomplete("'Credential' is not key, date, region, service and aws4_request");
  }
  return { accessKeyId, day, region, service };
}

function listed(text = ""): readonly string[] {
  const names = text.split(";");
  if (names.length > signedHeadersMax) throw incomplete("'SignedHeaders' names too many");
  if (!names.includes("host")) throw incomplete("'SignedHeaders' must name the header host");
  return names;
}

function dateOf(text = ""): string {
  if (/^\d{8}T\d{6}Z$/.test(text)) return text;
  throw incomplete("'X-Amz-Date' is no date in the form yyyymmddThhmmssZ");
}

function signatureOf(text = ""): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw incomplete("'Signature' is not 64 hexadecimal digits");
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function incomplete(what: string): SignatureError {
  return new SignatureError(
    "IncompleteSignatureException",
    `Authorization cannot be used: ${what}.`,
  );
}
