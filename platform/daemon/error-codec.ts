/** `ImError` as JSON, between the daemon and its callers: `{code, details}`. */
import { type ErrorCode, errorCatalogue } from "../errors/catalogue.js";
import { ImError, type ImErrorDetails, type SourcePlace } from "../errors/im-error.js";
import { explainLimit } from "./machine-limit.js";

export interface ErrorBody {
  readonly code: string;
  readonly details: Omit<ImErrorDetails, "cause">;
}

/** The cause stays behind: it is in the daemon's log, and may say more than a caller should see. */
export function encodeError(error: unknown): ErrorBody {
  const known = error instanceof ImError ? error : explainLimit(error);
  if (known === null) {
    return { code: "IM_INTERNAL", details: { what: "the daemon failed; its log says more" } };
  }
  const { cause: _, ...details } = known.details;
  return { code: known.code, details };
}

/** Never throws: what is not an error body becomes an IM_INTERNAL that says so. */
export function decodeError(body: unknown): ImError {
  if (!isRecord(body) || typeof body["code"] !== "string" || !isRecord(body["details"])) {
    return new ImError("IM_INTERNAL", { what: "the daemon sent an answer that is not its own" });
  }
  const details = decodeDetails(body["details"]);
  if (isErrorCode(body["code"])) return new ImError(body["code"], details);
  // A newer daemon knows codes that we do not.
  return new ImError("IM_INTERNAL", { ...details, what: `${body["code"]}: ${details.what}` });
}

function decodeDetails(body: Readonly<Record<string, unknown>>): ImErrorDetails {
  const { what, expected, received, fix } = body;
  const place = decodePlace(body["place"]);
  return {
    what: typeof what === "string" ? what : "no reason was given",
    ...(typeof expected === "string" ? { expected } : {}),
    ...(typeof received === "string" ? { received } : {}),
    ...(typeof fix === "string" ? { fix } : {}),
    ...(place === null ? {} : { place }),
  };
}

function decodePlace(body: unknown): SourcePlace | null {
  if (!isRecord(body)) return null;
  const { file, line, column } = body;
  if (typeof file !== "string" || typeof line !== "number" || typeof column !== "number") {
    return null;
  }
  return { file, line, column };
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
