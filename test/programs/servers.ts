/** Servers as a distribution packages them, and a client that gets a real answer of each. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync } from "node:fs";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { built } from "../process/world.js";
import * as zookeeper from "./zookeeper.js";

/** Who a guest becomes where it is started by root. */
export interface Identity {
  readonly isRoot: boolean;
}

export interface Server {
  readonly host: string;
  readonly name: string;
  /** Programs, and files by their path. */
  readonly needs: readonly string[];
  readonly port: number;
  /** Takes a while to boot: fewer lives where nobody asks for more. */
  readonly isSlow?: boolean;
  /** Further keys of its host in the manifest. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Writes what the server needs into `directory` and returns its command. */
  prepare(directory: string, identity: Identity): Promise<readonly string[]>;
  /** A program that reads lines of `<host> <port> <text>` and prints one line for each. */
  readonly client: readonly string[];
  readonly asks: string;
  readonly answers: RegExp;
  /** What it answers, by its own choice, from its listen until it is ready. */
  readonly notYet?: RegExp;
}

const dial = [built("dial")];
const http = { client: dial, asks: "GET / HTTP/1.0", answers: /^HTTP\/1\.[01] 200 OK$/ };

const redis: Server = {
  host: "redis",
  name: "redis-server",
  needs: ["redis-server"],
  port: 6379,
  prepare: async () => ["redis-server", "--save", "", "--protected-mode", "no"],
  client: dial,
  asks: "PING",
  answers: /^\+PONG$/,
};

const memcached: Server = {
  host: "memcached",
  name: "memcached",
  needs: ["memcached"],
  port: 11_211,
  // As root it gives up its user after it has bound: what it asks later, it asks as nobody.
  prepare: async (_directory, { isRoot }) => [
    ...["memcached", "-l", "0.0.0.0", "-U", "0"],
    ...(isRoot ? ["-u", "nobody"] : []),
  ],
  client: dial,
  asks: "version",
  answers: /^VERSION \d/,
};

/** As root its workers become www-data, with an environment that was emptied. */
const nginx: Server = {
  host: "nginx",
  name: "nginx",
  needs: ["nginx"],
  port: 8080,
  async prepare(directory, { isRoot }) {
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (path) => `${path}_temp_path ${join(directory, path)};`,
    );
    const configuration = `daemon off; worker_processes 2; pid ${join(directory, "nginx.pid")};
      ${isRoot ? "user www-data;" : ""} error_log stderr; events { worker_connections 64; }
      http { access_log off; ${paths.join(" ")}
        server { listen ${this.port}; location / { return 200 "an answer"; } } }`;
    const file = join(directory, "nginx.conf");
    await writeFile(file, configuration);
    return ["nginx", "-e", "stderr", "-p", directory, "-c", file];
  },
  ...http,
};

const postgresPrograms = "/usr/lib/postgresql/15/bin";

export const postgres: Server = {
  host: "postgres",
  name: "PostgreSQL",
  needs: [join(postgresPrograms, "postgres"), "psql", "setpriv"],
  port: 5432,
  // At SIGTERM it waits until its clients have left.
  settings: { stopGrace: "500ms" },
  async prepare(directory, { isRoot }) {
    const drop = isRoot
      ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
      : [];
    const data = join(directory, "data");
    mkdirSync(data, { mode: 0o700 });
    if (isRoot) chownSync(data, numberOf("-u"), numberOf("-g"));
    const initialize = [join(postgresPrograms, "initdb"), "-A", "trust", "-U", "im", "-N"];
    const [program = "", ...parameters] = [...drop, ...initialize, "-D", data];
    execFileSync(program, parameters, { cwd: "/", stdio: "pipe" });
    // It knows its own host only, and a client comes from its host's address.
    await appendFile(join(data, "pg_hba.conf"), "host all im 127.64.0.0/10 trust\n");
    const settings = ["listen_addresses=*", "unix_socket_directories=", "fsync=off"];
    const server = [join(postgresPrograms, "postgres"), "-D", data];
    return [...drop, ...server, ...settings.flatMap((setting) => ["-c", setting])];
  },
  client: [
    "sh",
    "-c",
    `while read -r host port text; do
      psql -XAt -h "$host" -p "$port" -U im -c "$text" postgres 2>&1 | head -n 1
    done`,
  ],
  asks: "SELECT 'an ' || 'answer'",
  answers: /^an answer$/,
  notYet: /FATAL: {2}the database system is (?:starting up|not yet accepting connections)$/,
};

function numberOf(option: string): number {
  return Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }));
}

export const zookeeperAlone: Server = {
  host: "zookeeper",
  name: "ZooKeeper",
  needs: zookeeper.needs,
  port: zookeeper.clientPort,
  isSlow: true,
  async prepare(directory) {
    const file = join(directory, "zoo.cfg");
    const own = `dataDir=${join(directory, "data")}`;
    await writeFile(file, [own, ...zookeeper.settings, ""].join("\n"));
    return zookeeper.server(file);
  },
  client: zookeeper.fourLetterClient,
  asks: "srvr",
  answers: /^Mode: standalone$/,
  notYet: zookeeper.notYet,
};

/** The one of the distribution: another, in somebody's home, is not everybody's to run. */
const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";

const pythonHttp: Server = {
  host: "python",
  name: "python's http.server",
  needs: [python],
  port: 8000,
  async prepare(directory) {
    const pages = join(directory, "pages");
    mkdirSync(pages);
    chmodSync(pages, 0o755);
    return [python, "-u", "-m", "http.server", String(this.port), "--directory", pages];
  },
  ...http,
};

const nodeHttp: Server = {
  host: "node",
  name: "an HTTP server of Node",
  needs: [],
  port: 3000,
  async prepare() {
    const program = `require("http").createServer((_, r) => r.end("yes")).listen(${this.port})`;
    return [process.execPath, "-e", program];
  },
  ...http,
};

export const servers: readonly Server[] = [
  redis,
  memcached,
  nginx,
  postgres,
  zookeeperAlone,
  pythonHttp,
  nodeHttp,
];
