/** The hosts of the soak: real servers and own ones, each of which tells its life and its pid. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bootTimeoutMs } from "./plan.js";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const built = (name: string): string => `${root}build/soak/${name}`;

export interface SoakHost {
  readonly name: string;
  readonly port: number;
  /** How it is asked. */
  readonly dialect: "line" | "http" | "redis";
  /** A shell's. */
  readonly command: string;
  readonly idle: Idle;
}

interface Idle {
  readonly after: string;
  readonly terminateAfter: string;
}

interface Server extends Omit<SoakHost, "name" | "idle"> {
  /** What must be installed. */
  readonly needs: string | null;
}

const nodeProgram = `
  const life = "life " + process.env.IM_INCARNATION + " pid " + process.pid + ".";
  require("http").createServer((_, answer) => answer.end(life)).listen(80);`;

const servers: Readonly<Record<string, Server>> = {
  line: { port: 7000, dialect: "line", command: `exec ${built("server")} 7000 0`, needs: null },
  forked: { port: 7000, dialect: "line", command: `exec ${built("server")} 7000 2`, needs: null },
  redis: {
    port: 6379,
    dialect: "redis",
    command:
      "exec redis-server --save '' --bind 0.0.0.0 --protected-mode no " +
      '--syslog-ident "life $IM_INCARNATION pid $$."',
    needs: "redis-server",
  },
  node: { port: 80, dialect: "http", command: `exec node -e '${nodeProgram}'`, needs: null },
  // A directory of each life's own: what two lives say can be told apart.
  python: {
    port: 8000,
    dialect: "http",
    command:
      'mkdir -p "$IM_INCARNATION" && cd "$IM_INCARNATION" && ' +
      'printf "life %s pid %s." "$IM_INCARNATION" $$ >life && ' +
      "exec python3 -u -m http.server 8000 >/dev/null 2>&1",
    needs: "python3",
  },
};

/** Of hosts of one kind, in turn: whoever is awake for long is killed awake. */
const idleAfters = ["300ms", "1s", "30s"] as const;

export function declareHosts(count: number): readonly SoakHost[] {
  const present = Object.entries(servers).filter(([, { needs }]) => isInstalled(needs));
  return Array.from({ length: count }, (_, index) => {
    const [name, server] = present[index % present.length] ?? ["line", servers["line"]];
    if (server === undefined) throw new Error("no server can run on this machine");
    const number = Math.floor(index / present.length);
    const after = idleAfters[number % idleAfters.length] ?? "30s";
    // Connections are kept to the others: an end would cut them.
    const terminateAfter = server.dialect === "http" ? "2s" : "10m";
    return { ...server, name: `${name}-${number}`, idle: { after, terminateAfter } };
  });
}

export function manifestOf(hosts: readonly SoakHost[]): string {
  const declared = hosts.map(({ name, command, port, idle }) => [
    name,
    {
      ...{ command, shell: true, listen: [port], directory: name },
      ...{ bootTimeout: `${bootTimeoutMs}ms`, stopGrace: "2s", idle },
    },
  ]);
  return JSON.stringify({ deployment: "soak", hosts: Object.fromEntries(declared) });
}

function isInstalled(program: string | null): boolean {
  return program === null || spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}
