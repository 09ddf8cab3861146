/** What of a world is still on the machine: processes, listening sockets, files. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { formatAddress } from "../../platform/network/layout.js";

/** Of a TCP socket, in the kernel's tables. */
const listening = "0A";

export interface OwnProcess {
  readonly pid: number;
  readonly command: string;
}

/** Processes whose arguments, environment or working directory name one of these paths. */
export function processesNaming(paths: readonly string[]): readonly OwnProcess[] {
  return readdirSync("/proc").flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const command = readOf(pid, () => readFileSync(`/proc/${pid}/cmdline`, "latin1"));
    const environment = readOf(pid, () => readFileSync(`/proc/${pid}/environ`, "latin1"));
    const directory = readOf(pid, () => readlinkSync(`/proc/${pid}/cwd`));
    const all = `${command}\n${environment}\n${directory}`;
    if (!paths.some((path) => all.includes(path))) return [];
    return [{ pid, command: command.replace(/[\0\n]+/g, " ") }];
  });
}

/** Whatever cannot be read is somebody else's, or has just ended. */
function readOf(pid: number, read: () => string): string {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error) return "";
    throw new Error(`process ${pid} cannot be looked at`, { cause: error });
  }
}

export interface ListeningSocket {
  readonly inode: string;
  readonly where: string;
}

/** Everything that is bound or listens on this machine, Unix sockets with a name among it. */
export function listeningSockets(): readonly ListeningSocket[] {
  const tcp = ["/proc/net/tcp", "/proc/net/tcp6"].filter(existsSync).flatMap(rows);
  const unix = rows("/proc/net/unix");
  return [
    ...tcp
      .filter((columns) => columns[3] === listening)
      .map((columns) => ({ inode: columns[9] ?? "", where: address(columns[1] ?? "") })),
    ...unix
      .filter((columns) => columns[7] !== undefined)
      .map((columns) => ({ inode: columns[6] ?? "", where: columns[7] ?? "" })),
  ];
}

/** Of these, what one of the processes holds a descriptor of. */
export function heldBy(
  processes: readonly OwnProcess[],
  sockets: readonly ListeningSocket[],
): readonly ListeningSocket[] {
  const held = new Set(processes.flatMap(({ pid }) => socketsOf(pid)));
  return sockets.filter(({ inode }) => held.has(inode));
}

/** Inodes of the sockets that it has open. */
export function socketsOf(pid: number): readonly string[] {
  const list = readOf(pid, () => readdirSync(`/proc/${pid}/fd`).join(" "));
  return list.split(" ").flatMap((descriptor) => {
    const target = readOf(pid, () => readlinkSync(`/proc/${pid}/fd/${descriptor}`));
    return /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? [];
  });
}

/** Of IPv4 `0100407F:1F90` is 127.64.0.1:8080; IPv6 is left as it is. */
function address(text: string): string {
  const [number = "", port = ""] = text.split(":");
  const host =
    number.length === 8 ? formatAddress(Buffer.from(number, "hex").readUInt32LE(0)) : number;
  return `${host}:${Number.parseInt(port, 16)}`;
}

function rows(file: string): readonly string[][] {
  const [, ...lines] = readFileSync(file, "latin1").trimEnd().split("\n");
  return lines.map((line) => line.trim().split(/\s+/));
}

/** Logs, the closed table and the engine's logs may stay. */
const kept = [
  /^daemon\.log$/,
  /^dynamodb\//,
  /^lambda\/engine\.log(?:\.1)?$/,
  /^lambda\/logs\/[^/]+\.log(?:\.1)?$/,
  /^deployments\/[^/]+\/logs\/[^/]+\.log(?:\.1)?$/,
];

export function filesLeft(home: string): readonly string[] {
  if (!existsSync(home)) return [];
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1))
    .filter((file) => !kept.some((pattern) => pattern.test(file)));
}
