import { createHash, timingSafeEqual } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Clock } from "../../platform/ports/clock.js";
import { Sha256 } from "./sha256.js";
import { SignatureError } from "./signature-error.js";
import {
  queryOf,
  type RequestHead,
  readStatedSignature,
  type StatedSignature,
  signatureParameters,
} from "./stated-signature.js";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignatureCheckOptions {
  readonly credentials: Credentials;
  readonly region: string;
  /** As in the scope of signatures: `lambda`, `dynamodb`. */
  readonly service: string;
  readonly clock: Clock;
}

/** AWS's, for all services but S3. */
const skewMsMax = 300_000;

/** Signature Version 4, seen from the service: who has the key may call, nobody else. */
export class SignatureCheck {
  readonly #signer: SignatureV4;

  constructor(private readonly options: SignatureCheckOptions) {
    const { accessKeyId, secretAccessKey } = options.credentials;
    this.#signer = new SignatureV4({
      service: options.service,
      region: options.region,
      // A session's token is a header like others here; the signer would add it by itself.
      credentials: { accessKeyId, secretAccessKey },
      sha256: Sha256,
      applyChecksum: false,
    });
  }

  /** Refuses what can be refused before a body was read: unknown keys and dates far off. */
  admit(head: RequestHead): void {
    const stated = readStatedSignature(head);
    const { credentials, region, service } = this.options;
    const isKnown =
      isSame(stated.accessKeyId, credentials.accessKeyId) &&
      isSame(stated.sessionToken ?? "", credentials.sessionToken ?? "");
    if (!isKnown) {
      const message = "The security token included in the request is invalid.";
      throw new SignatureError("UnrecognizedClientException", message);
    }
    if (stated.region !== region) {
      throw invalid(`Credential should be scoped to a valid region, not '${stated.region}'.`);
    }
    if (stated.service !== service) {
      throw invalid(`Credential should be scoped to correct service: '${service}'.`);
    }
    if (!stated.date.startsWith(stated.day)) {
      throw invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version");
    }
    this.#refuseSkewed(stated);
    refuseUnsigned(stated, head);
  }

  /** Throws InvalidSignatureException where any byte that the key's owner signed differs. */
  async verify(head: RequestHead, body: Buffer): Promise<void> {
    const stated = readStatedSignature(head);
    const hash = createHash("sha256").update(body).digest("hex");
    const statedHash = head.headers["x-amz-content-sha256"];
    const isWhole = statedHash === undefined || statedHash === hash;
    const expected = await this.#signatureOf(stated, head, body);
    if (isWhole && isSame(stated.signature, expected)) return;
    throw invalid(
      "The request signature we calculated does not match the signature you provided. Check your " +
        "AWS Secret Access Key and signing method. Consult the service documentation for details.",
    );
  }

  #refuseSkewed({ date, expiresInSeconds }: StatedSignature): void {
    const nowMs = this.options.clock.nowMs();
    const signedMs = parseDate(date);
    const endMs = signedMs + (expiresInSeconds === null ? skewMsMax : expiresInSeconds * 1000);
    const now = formatDate(nowMs);
    if (Number.isNaN(signedMs)) throw invalid(`${date} is no date.`);
    if (signedMs - skewMsMax > nowMs) {
      throw invalid(`Signature not yet current: ${date} is still later than ${now} (+ 5 min.)`);
    }
    if (endMs < nowMs) {
      throw invalid(`Signature expired: ${date} is now earlier than ${now} (- 5 min.)`);
    }
  }

  async #signatureOf(stated: StatedSignature, head: RequestHead, body: Buffer): Promise<string> {
    const names = new Set(stated.signedHeaders);
    const [path = "/"] = head.url.split("?", 1);
    const request = {
      method: head.method,
      protocol: "http:",
      hostname: "host",
      path,
      query: unsignedQueryOf(head),
      headers: headersOf(head, names),
      body,
    };
    const signingDate = new Date(parseDate(stated.date));
    const options = { signingDate, signableHeaders: names, signingRegion: stated.region };
    if (stated.kind === "header") {
      const { headers } = await this.#signer.sign(request, options);
      return /Signature=(\w+)/.exec(headers["authorization"] ?? "")?.[1] ?? "";
    }
    if (stated.sessionToken !== null) {
      Object.assign(request.query, { "X-Amz-Security-Token": stated.sessionToken });
    }
    const presigned = await this.#signer.presign(request, {
      ...options,
      expiresIn: stated.expiresInSeconds ?? 0,
      unhoistableHeaders: names,
    });
    return String(presigned.query?.["X-Amz-Signature"]);
  }
}

/** A header of AWS's that is not signed could have been changed by anybody. */
function refuseUnsigned({ signedHeaders }: StatedSignature, { headers }: RequestHead): void {
  const open = Object.keys(headers).find(
    (name) => name.startsWith("x-amz-") && !signedHeaders.includes(name),
  );
  if (open === undefined) return;
  throw invalid(`'${open}' must be a 'SignedHeader' in the AWS Authorization.`);
}

function headersOf({ headers }: RequestHead, names: ReadonlySet<string>): Record<string, string> {
  const signed = Object.entries(headers).filter(([name]) => names.has(name));
  return Object.fromEntries(signed.map(([name, value]) => [name, [value].flat().join(",")]));
}

function unsignedQueryOf(head: RequestHead): Record<string, string[]> {
  const parameters = queryOf(head);
  const names = [...new Set(parameters.keys())].filter((name) => !signatureParameters.has(name));
  return Object.fromEntries(names.map((name) => [name, parameters.getAll(name)]));
}

/** Hashed first, so that the time it takes says nothing of where, or in length, they differ. */
function isSame(one: string, other: string): boolean {
  const digests = [one, other].map((text) => createHash("sha256").update(text).digest());
  const [first, second] = digests;
  return first !== undefined && second !== undefined && timingSafeEqual(first, second);
}

function parseDate(text: string): number {
  return Date.parse(
    text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
}

function formatDate(atMs: number): string {
  return `${new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, "")}`;
}

function invalid(message: string): SignatureError {
  return new SignatureError("InvalidSignatureException", message);
}
