/**
 * The boot id names a host-runtime for as long as it runs. It begins with the name of the
 * environment (Lambda's log stream), which is unique to that: whoever knows which environments
 * there are can say whether the one of a life is among them, though it never hears of it again.
 */

const separator = ".";

/** `nonce`: without a dot. A function may run without a log stream: then the nonce has to do. */
export function bootIdOf(environment: string | null, nonce: string): string {
  return environment === null ? nonce : `${environment}${separator}${nonce}`;
}

/** null: it was given without one. */
export function environmentOf(bootId: string): string | null {
  const end = bootId.lastIndexOf(separator);
  return end < 0 ? null : bootId.slice(0, end);
}
