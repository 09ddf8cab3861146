import { unsupportedFeatures } from "./unsupported.js";

interface KeyText {
  /** For editors: part of the JSON Schema. */
  readonly description: string;
  /** What to do about a value that is wrong. */
  readonly fix: string;
}

/** Every key that a manifest may have. */
export const keyTexts = {
  deployment: {
    description: "Name of the deployment: a DNS label.",
    fix: "choose a name such as `shop`",
  },
  defaults: {
    description: "Values for every host that does not give its own.",
    fix: "write `key: value` lines, indented, under `defaults:`",
  },
  hosts: {
    description: "The hosts, by name. None runs until somebody connects to it.",
    fix: "write at least one host: its name, and indented under it `command`",
  },
  command: {
    description: "Program and arguments: a list, or a string that is split as a shell would.",
    fix: "write a list such as `[node, server.js]`, or a string such as `node server.js`",
  },
  shell: {
    description: "Whether `command`, a string, is run by /bin/sh.",
    fix: "write `true` or `false`",
  },
  directory: {
    description: "Working directory, relative to the manifest. Default: the manifest's own.",
    fix: "write a path such as `./web`; `~` is not expanded",
  },
  listen: {
    description: "Ports that the host serves; a placeholder is held on each.",
    fix: 'write ports in brackets, such as `[80]` or `["53/udp"]`',
  },
  publish: {
    description: '"8080:80": 127.0.0.1:8080 of this machine leads to port 80 of the host.',
    fix: 'write pairs in quotes, such as `["8080:80"]`',
  },
  environment: {
    description: "Environment variables of the guests.",
    fix: 'write lines such as `API: "http://api:3000"`',
  },
  memory: {
    description: "Memory of the host's environment, 128MB to 10240MB. Default 512MB.",
    fix: "write a number and a unit, such as `512MB`",
  },
  bootTimeout: {
    description: "How long a boot may take, 100ms to 15m. Default 30s.",
    fix: "write a number and a unit, such as `30s`",
  },
  stopGrace: {
    description: "Time between SIGTERM and SIGKILL, up to 15m. Default 10s.",
    fix: "write a number and a unit, such as `10s`",
  },
  ready: {
    description: "When the host is running: it listens on its first port, or it was executed.",
    fix: "write `listen` or `exec`",
  },
  count: {
    description: "Makes a class of alike hosts: name-0, name-1, …",
    fix: "write a whole number from 1 to 24000, or remove `count`",
  },
  intercept: {
    description: "How the guest's system calls are seen. Default auto.",
    fix: "write `auto`",
  },
  placement: { description: "Where the host runs. Default function.", fix: "write `function`" },
  prewarm: { description: "Whether environments are warmed ahead.", fix: "write `on` or `off`" },
  idle: { description: "When an idle host is suspended, and ended.", fix: "see `idle`'s keys" },
  after: {
    description: "Idle time before the host is suspended. Default 30s.",
    fix: "write a number and a unit, such as `30s`, or `never`",
  },
  terminateAfter: {
    description: "Time suspended before the host is imaginary again. Default 10m.",
    fix: "write a number and a unit, such as `10m`, or `never`",
  },
  inFlightMax: {
    description: "How long an unanswered request keeps the host awake. Default 60s.",
    fix: "write a number and a unit, such as `60s`, or `never`",
  },
  timers: {
    description: "Whether the guest's own timers wake it. Default ignore.",
    fix: "write `ignore` or `honor`",
  },
  wakeFrom: {
    description: "Hosts that may wake this one. Default: everyone.",
    fix: "write names of hosts in brackets, such as `[web]`",
  },
  files: {
    description: "Paths that the guest sees elsewhere.",
    fix: "write lines such as `/etc/app.conf: ./app.conf`",
  },
  wake: { description: "Wakes the host by a timer.", fix: "write `wake: {every: 5m}`" },
  every: {
    description: "Time between two wakes.",
    fix: "write a number and a unit, such as `5m`",
  },
} as const satisfies Record<string, KeyText>;

export type ManifestKey = keyof typeof keyTexts;

const texts: ReadonlyMap<string, KeyText> = new Map(Object.entries(keyTexts));
const refusedKeys = new Set(
  unsupportedFeatures.filter((entry) => entry.refuses === undefined).map((entry) => entry.key),
);

/** For `.meta()` of the schema. */
export function describeKey(key: ManifestKey): { readonly description: string } {
  const later = refusedKeys.has(key) ? " Not supported yet: refused by this version." : "";
  return { description: `${keyTexts[key].description}${later}` };
}

/** The remedy for a wrong value, by the innermost key that is known. */
export function fixFor(path: readonly (string | number)[]): string {
  const [section, name, ...rest] = path;
  if (section === "hosts" && name !== undefined && rest.length === 0) {
    return "indent the host's keys under its name, `command` at least";
  }
  // The name of a host or of a variable is no key, even if it is spelled like one.
  const keys = section === "hosts" ? ["hosts", ...rest] : [...path];
  const opaque = keys.findIndex((key) => key === "environment" || key === "files");
  const candidates = opaque < 0 ? keys : keys.slice(0, opaque + 1);
  const text = candidates.map((key) => texts.get(String(key))).findLast((found) => found);
  return text?.fix ?? "correct the value at this place";
}
