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
}

interface Server extends Omit<SoakHost, "name"> {
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

export function declareHosts(count: number): readonly SoakHost[] {
  const present = Object.entries(servers).filter(([, { needs }]) => isInstalled(needs));
  return Array.from({ length: count }, (_, index) => {
    const [name, server] = present[index % present.length] ?? ["line", servers["line"]];
    if (server === undefined) throw new Error("no server can run on this machine");
    return { ...server, name: `${name}-${Math.floor(index / present.length)}` };
  });
}

export function manifestOf(hosts: readonly SoakHost[]): string {
  const declared = hosts.map(({ name, command, port }) => [
    name,
    {
      ...{ command, shell: true, listen: [port], directory: name },
      ...{ bootTimeout: `${bootTimeoutMs}ms`, stopGrace: "2s" },
    },
  ]);
  return JSON.stringify({ deployment: "soak", hosts: Object.fromEntries(declared) });
}

function isInstalled(program: string | null): boolean {
  return program === null || spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}
