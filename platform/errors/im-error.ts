import { type ErrorCode, errorCatalogue } from "./catalogue.js";

/** Where in a file the mistake is; lines and columns count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface ImErrorDetails {
  readonly what: string;
  readonly expected?: string;
  readonly received?: string;
  readonly fix?: string;
  readonly place?: SourcePlace;
  readonly cause?: unknown;
}

/** What a user or the world can cause. Branch on `code`; broken invariants are `assert` instead. */
export class ImError extends Error {
  readonly code: ErrorCode;
  readonly details: ImErrorDetails;

  constructor(code: ErrorCode, details: ImErrorDetails) {
    super(details.what, details.cause === undefined ? {} : { cause: details.cause });
    this.name = "ImError";
    this.code = code;
    this.details = details;
  }

  /** 1: the user's mistake; 2: the system's failure. */
  get exitCode(): 1 | 2 {
    return errorCatalogue[this.code].fault === "user" ? 1 : 2;
  }
}

/** What the error says, on the lines that SURFACE fixes: `error[CODE]: what (file:line:column)`. */
export function formatError(error: ImError): string {
  const { what, expected, received, fix, place } = error.details;
  const at = place === undefined ? "" : ` (${place.file}:${place.line}:${place.column})`;
  const lines = [`error[${error.code}]: ${what}${at}`];
  if (expected !== undefined) lines.push(`  expected: ${expected}`);
  if (received !== undefined) lines.push(`  received: ${received}`);
  lines.push(`  fix: ${fix ?? errorCatalogue[error.code].fix}`);
  return lines.join("\n");
}
