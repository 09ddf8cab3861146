/**
 * Where the state of one user's deployments lives. Everything follows from `IM_HOME`: deployments
 * in different homes never touch.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export interface Configuration {
  /** IM_HOME, absolute, symbolic links resolved. */
  readonly home: string;
  /** Short directory for sockets: a Unix socket's path holds 107 bytes. */
  readonly runtimeDirectory: string;
  /** HTTP API of the daemon. */
  readonly daemonSocket: string;
  /** Packets of environments and clients (`platform/protocol/environment.ts`). */
  readonly nodeSocket: string;
  readonly lockFile: string;
  /** Process id, and on a second line the runtime directory, of the daemon that runs. */
  readonly pidFile: string;
  /** Process id of the keeper. */
  readonly keeperFile: string;
  /** Log of the daemon itself, and of its keeper. */
  readonly logFile: string;
  /**
   * What one invocation may last, 900 at most. Less only in tests (IM_TEST_TIMEOUT_SECONDS): a
   * life lasts as long as it likes either way.
   */
  readonly timeoutSeconds: number;
  /** Of this software. */
  readonly version: string;
}

export type Variables = Readonly<Record<string, string | undefined>>;

export interface User {
  readonly uid: number;
  readonly home: string;
}

/** Leaves 47 bytes for the names of sockets below the runtime directory. */
const runtimePathBytesMax = 60;

/** Lambda's own limit. */
const timeoutSecondsMax = 900;

/** What a keeper executes its daemon with. */
export interface KeeperLinks {
  /** Our end of the link to the keeper; null: there is no keeper. */
  readonly custody: number | null;
  /** The home's lock, which is held already. */
  readonly lock: number | null;
  /** How often the daemon has been started again. */
  readonly restarts: number;
}

/** What a process inherits from `im run`, an environment or a daemon, and a daemon must not. */
const guestVariables = [
  "IM_ADDRESS",
  "IM_CONTROL",
  "IM_DEPLOYMENT",
  "IM_HOST",
  "IM_INCARNATION",
  "IM_KEEPER",
  "IM_LOCK",
  "IM_PRELOAD",
  "IM_RESTARTS",
  "IM_TABLE",
] as const;

export function readConfiguration(
  variables: Variables = process.env,
  user: User = currentUser(),
): Configuration {
  const home = canonicalPath(resolve(chosenHome(variables, user)));
  const pidFile = join(home, "daemon.pid");
  const runtimeDirectory =
    recordedRuntimeDirectory(pidFile) ?? chosenRuntimeDirectory(variables, user, home);
  return {
    home,
    runtimeDirectory,
    daemonSocket: join(runtimeDirectory, "daemon.sock"),
    nodeSocket: join(runtimeDirectory, "node.sock"),
    lockFile: join(home, "daemon.lock"),
    pidFile,
    keeperFile: join(home, "keeper.pid"),
    logFile: join(home, "daemon.log"),
    timeoutSeconds: timeoutSeconds(variables),
    version: softwareVersion(),
  };
}

function timeoutSeconds(variables: Variables): number {
  const chosen = wholeNumber(variables["IM_TEST_TIMEOUT_SECONDS"]) ?? timeoutSecondsMax;
  return Math.min(Math.max(chosen, 1), timeoutSecondsMax);
}

/** What a daemon for this home is started with. */
export function daemonVariables(
  configuration: Configuration,
  variables: Variables = process.env,
): NodeJS.ProcessEnv {
  return {
    ...withoutGuestVariables(variables),
    IM_HOME: configuration.home,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
  };
}

export function readKeeperLinks(variables: Variables = process.env): KeeperLinks {
  return {
    custody: wholeNumber(variables["IM_KEEPER"]),
    lock: wholeNumber(variables["IM_LOCK"]),
    restarts: wholeNumber(variables["IM_RESTARTS"]) ?? 0,
  };
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** The environment as it was before `im run`, for whoever is started from inside of one. */
export function withoutGuestVariables(variables: Variables = process.env): NodeJS.ProcessEnv {
  const inherited: NodeJS.ProcessEnv = { ...variables };
  for (const name of guestVariables) delete inherited[name];
  const preload = withoutShim(inherited["LD_PRELOAD"] ?? "");
  if (preload === "") delete inherited["LD_PRELOAD"];
  else inherited["LD_PRELOAD"] = preload;
  return inherited;
}

function withoutShim(preload: string): string {
  const libraries = preload.split(/[ :]+/).filter((path) => path !== "");
  return libraries.filter((path) => basename(path) !== "libim-shim.so").join(":");
}

function chosenHome(variables: Variables, user: User): string {
  const own = variables["IM_HOME"];
  if (own !== undefined && own !== "") return own;
  const state = variables["XDG_STATE_HOME"];
  // The XDG specification: a relative path is invalid and is to be ignored.
  const base = state !== undefined && isAbsolute(state) ? state : join(user.home, ".local/state");
  return join(base, "imaginary-machines");
}

/** Two spellings of one directory must give one daemon, also before the directory exists. */
function canonicalPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(canonicalPath(parent), basename(path));
}

/**
 * A daemon that was started from a session with another XDG_RUNTIME_DIR must be found as well:
 * what it wrote into its pid file wins over the environment.
 */
function recordedRuntimeDirectory(pidFile: string): string | null {
  if (!existsSync(pidFile)) return null;
  const recorded = readFileSync(pidFile, "utf8").split("\n")[1] ?? "";
  return isAbsolute(recorded) && existsSync(recorded) ? recorded : null;
}

function chosenRuntimeDirectory(variables: Variables, user: User, home: string): string {
  const hash = createHash("sha256").update(home).digest("hex").slice(0, 12);
  const session = variables["XDG_RUNTIME_DIR"];
  if (session !== undefined && isAbsolute(session)) {
    const path = join(session, `im-${hash}`);
    if (Buffer.byteLength(path) <= runtimePathBytesMax && isOwnDirectory(session, user.uid)) {
      return path;
    }
  }
  return `/tmp/im-${user.uid}-${hash}`;
}

function isOwnDirectory(path: string, uid: number): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status?.isDirectory() === true && status.uid === uid;
}

function currentUser(): User {
  return { uid: userInfo().uid, home: homedir() };
}

function softwareVersion(): string {
  const file = fileURLToPath(new URL("../../../package.json", import.meta.url));
  const description: unknown = JSON.parse(readFileSync(file, "utf8"));
  const version =
    typeof description === "object" && description !== null && "version" in description
      ? description.version
      : null;
  return typeof version === "string" ? version : "unknown";
}
