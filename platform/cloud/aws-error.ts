/** What AWS or its client says, in terms of what the user can do about it. */
import type { ErrorCode } from "../errors/catalogue.js";
import { ImError } from "../errors/im-error.js";

const credentialErrors: ReadonlySet<string> = new Set([
  "CredentialsProviderError",
  "ExpiredTokenException",
  "IncompleteSignatureException",
  "InvalidSignatureException",
  "MissingAuthenticationTokenException",
  "SignatureDoesNotMatch",
  "TokenProviderError",
  "UnrecognizedClientException",
]);
const denials: ReadonlySet<string> = new Set(["AccessDeniedException", "AccessDenied"]);

/** `action` completes "AWS did not …". */
export async function onAws<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw awsError(action, error);
  }
}

function awsError(action: string, error: unknown): ImError {
  // Membership's own words are about the embedded table; what AWS said is their cause.
  const said = error instanceof ImError && error.cause !== undefined ? error.cause : error;
  if (said instanceof ImError) return said;
  const code = codeOf(said);
  return new ImError(code, {
    what: code === "IM_CLOUD_CREDENTIALS" ? whatIsMissing(said) : `AWS did not ${action}`,
    received: said instanceof Error ? describe(said) : String(said),
    ...(code === "IM_CLOUD_ROLE" ? { fix: roleFix } : {}),
    cause: error,
  });
}

/** A refused connection to several addresses has a code and no message. */
function describe({ name, message, ...rest }: Error & { readonly code?: unknown }): string {
  return `${name}: ${message === "" ? String(rest.code) : message}`;
}

const roleFix =
  "check the role's trust policy (`--dry-run` prints it); a new role needs a minute, then repeat";

function codeOf(error: unknown): ErrorCode {
  if (!(error instanceof Error)) return "IM_CLOUD_FAILED";
  if (credentialErrors.has(error.name) || isRegionUnusable(error)) return "IM_CLOUD_CREDENTIALS";
  if (denials.has(error.name)) return "IM_CLOUD_DENIED";
  const isRole = error.name === "InvalidParameterValueException" && /\brole\b/i.test(error.message);
  return isRole ? "IM_CLOUD_ROLE" : "IM_CLOUD_FAILED";
}

/** The client has no names for these. */
function isRegionUnusable({ message }: Error): boolean {
  return /^Region (?:is missing|not accepted)/.test(message);
}

function whatIsMissing(error: unknown): string {
  if (error instanceof Error && isRegionUnusable(error)) return "no usable AWS region is set";
  const isNone = error instanceof Error && error.name === "CredentialsProviderError";
  return isNone ? "no AWS credentials were found" : "AWS does not accept the credentials";
}
