export const nameLengthMax = 63;

/** A DNS label (RFC 1123, section 2.1), in lower case. */
export const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** What the C library takes for an IPv4 address wherever a name could stand (inet_aton). */
const numberPattern = /^(?:[0-9]+|0x[0-9a-f]*)$/;

export const nameExpected =
  "1 to 63 lower-case letters, digits and hyphens, a letter or digit at both ends";

/** Why a name cannot be used, null where it can. */
export function findNameFault(name: string): string | null {
  if (!namePattern.test(name)) return nameExpected;
  if (numberPattern.test(name)) return "a name that is not a number (it would be an address)";
  if (name === "localhost") return "another name: on every host `localhost` is the host itself";
  return null;
}
