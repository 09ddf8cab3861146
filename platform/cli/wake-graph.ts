/**
 * Who would wake whom, as far as a manifest tells: the names of other hosts in a host's command and
 * environment. A guess for people to read; nothing is decided by it.
 */
import type { HostClass, Manifest } from "../manifest/manifest.js";

export interface Reference {
  /** Class that refers. */
  readonly from: string;
  /** Host or class that is referred to, as it is written there. */
  readonly to: string;
  /** Its class. */
  readonly toClass: string;
  /** null where only the name is given. */
  readonly port: number | null;
  /** The port is one that the other host serves; true also where none is given. */
  readonly declared: boolean;
  /** `command`, or the name of a variable. Never a value: it may be a secret. */
  readonly where: string;
}

const name = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";

/** `//name` and `//user:password@name`, with or without a port. */
const inUrl = new RegExp(`//(?:[^\\s/@]*@)?(${name})(?::(\\d{1,5}))?(?![\\w.:-])`, "g");

/**
 * `name:port`, or a bare name. What stands before and after tells it from a part of a path, a file
 * name, or a longer name.
 */
const before = `(?<=^|[\\s,;=@"'([{])`;
const after = `(?::(\\d{1,5})(?=$|[^\\w.:])|(?=$|[\\s,;"')\\]}]))`;
const inText = new RegExp(`${before}(${name})${after}`, "g");

export function references(manifest: Manifest): readonly Reference[] {
  const find = hostFinder(manifest.classes);
  return manifest.classes.flatMap((from) => {
    const found = new Map<string, Reference>();
    for (const { where, text } of texts(from)) {
      for (const { name, port } of mentions(text)) {
        const to = find(name);
        if (to === null || to.name === from.name) continue;
        const declared = port === null || to.listen.some((listen) => listen.port === port);
        const key = `${name} ${port}`;
        if (found.has(key)) continue;
        const toClass = to.name;
        found.set(key, { from: from.name, to: name, toClass, port, declared, where });
      }
    }
    return [...found.values()];
  });
}

function texts(from: HostClass): readonly { readonly where: string; readonly text: string }[] {
  // The first word is the program itself.
  const words = from.command.slice(1).map((text) => ({ where: "command", text }));
  const values = Object.entries(from.environment);
  return [...words, ...values.map(([where, text]) => ({ where, text }))];
}

function mentions(text: string): readonly { name: string; port: number | null }[] {
  return [inUrl, inText].flatMap((pattern) =>
    [...text.matchAll(pattern)].map(([, name = "", port]) => ({
      name,
      port: port === undefined ? null : Number(port),
    })),
  );
}

/** A class with a count may be meant as a whole (`worker`) or by one host (`worker-3`). */
function hostFinder(classes: readonly HostClass[]): (name: string) => HostClass | null {
  const byName = new Map(classes.map((one) => [one.name, one]));
  return (name) => {
    const whole = byName.get(name);
    if (whole !== undefined) return whole;
    const [, className = "", number = ""] = /^(.+)-(0|[1-9]\d*)$/.exec(name) ?? [];
    const hostClass = byName.get(className);
    const count = hostClass?.count ?? 0;
    return hostClass !== undefined && Number(number) < count ? hostClass : null;
  };
}
