/** What the machine has run out of, told to whoever asked for it. */
import { ImError } from "../errors/im-error.js";

interface Limit {
  readonly what: string;
  readonly fix: string;
}

const disk = "make room under IM_HOME and its runtime directory, then repeat";
const descriptors: Limit = {
  what: "the daemon has no file descriptor left",
  fix: "end what is not needed, or `im down --all`, raise `ulimit -n`, and deploy again",
};

const limits: ReadonlyMap<string, Limit> = new Map<string, Limit>([
  ["EMFILE", descriptors],
  ["ENFILE", { ...descriptors, what: "this machine has no file descriptor left" }],
  ["ENOSPC", { what: "there is no space left on a disk", fix: disk }],
  ["EDQUOT", { what: "a disk quota is used up", fix: disk }],
  ["ENOMEM", { what: "this machine has no memory left", fix: "end what is not needed" }],
  ["EROFS", { what: "a disk cannot be written to", fix: disk }],
]);

/** null: not such an error. The path of a file is not told: it may be of somebody else's. */
export function explainLimit(error: unknown): ImError | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  const received = String(error.code);
  const limit = limits.get(received);
  return limit === undefined
    ? null
    : new ImError("IM_MACHINE_LIMIT", { ...limit, received, cause: error });
}
