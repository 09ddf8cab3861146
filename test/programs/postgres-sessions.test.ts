/** PostgreSQL's sessions: each a process that leads a session of its own. */
import { readFileSync } from "node:fs";
import { DeployedServers } from "./deployed-servers.js";
import { ifInstalled } from "./installed.js";
import { postgres } from "./servers.js";

const psql = ["psql", "-XAtq", "-U", "im", "-d", "postgres"];

/** Of a process: the fields after its name in brackets begin with state, parent, group, session. */
function sessionOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(status.slice(status.lastIndexOf(")") + 2).split(" ")[3]);
}

ifInstalled(postgres.needs)(
  "a session of PostgreSQL keeps its temporary table until the host is stopped",
  async (t) => {
    const who = { isRoot: process.getuid?.() === 0 };
    const deployed = await DeployedServers.open([postgres], who);
    t.teardown(() => deployed.close());
    const { world } = deployed;
    t.regex(await deployed.ask(postgres, "shim"), postgres.answers);
    const address = await world.address("postgres");
    const session = world.startClient(...psql, "-h", "postgres");
    session.write("CREATE TEMPORARY TABLE kept AS SELECT 42; SELECT pg_backend_pid();");
    const backend = Number(await session.line());
    t.is(sessionOf(backend), backend);
    t.true((await world.host("postgres")).pids.includes(backend));

    const other = world.start(...psql, "-h", address);
    other.write("SELECT count(*) FROM pg_class WHERE relname = 'kept'; TABLE kept;");
    t.is(await other.line(), "1");
    t.regex((await other.finish()).stderr, /relation "kept" does not exist/);
    session.write("TABLE kept;");
    t.is(await session.line(), "42");

    await world.stop("postgres");
    t.throws(() => sessionOf(backend), { code: "ENOENT" });
    session.write("TABLE kept;");
    t.regex((await session.finish()).stderr, /server closed the connection unexpectedly/);
    // What it has not written down is gone, what it has is not; and it comes back by a connect.
    t.regex(await deployed.ask(postgres, "plain"), postgres.answers);
  },
);

ifInstalled(postgres.needs)(
  "PostgreSQL recovers from a crash of one of its sessions within one life",
  async (t) => {
    const who = { isRoot: process.getuid?.() === 0 };
    const deployed = await DeployedServers.open([postgres], who);
    t.teardown(() => deployed.close());
    const { world } = deployed;
    t.regex(await deployed.ask(postgres, "shim"), postgres.answers);
    const session = world.startClient(...psql, "-h", "postgres");
    session.write("SELECT pg_backend_pid();");
    process.kill(Number(await session.line()), "SIGKILL");
    session.write("SELECT 2;");
    t.regex((await session.finish()).stderr, /server closed the connection unexpectedly/);
    t.regex(await deployed.ask(postgres, "plain"), postgres.answers);
    t.is((await world.host("postgres")).incarnation, 1);
  },
);
