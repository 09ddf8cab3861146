import type { ExecutionContext } from "ava";

/** The call throws an AddonError with one of these codes; its syscall too, where it is given. */
export function throwsErrno(
  t: ExecutionContext,
  call: () => unknown,
  codes: string | readonly string[],
  syscall?: string,
): void {
  const error = t.throws<NodeJS.ErrnoException>(call);
  t.true([codes].flat().includes(String(error?.code)), `code is ${error?.code}`);
  if (syscall !== undefined) t.is(error?.syscall, syscall);
}
