/** Who a guest is, who calls it, and how it finds the others. */
import { spawnSync } from "node:child_process";
import { z } from "zod";
import { needing } from "./requirements.js";
import { fixture, World } from "./world.js";

const report = z.object({
  peer: z.string(),
  own: z.string(),
  hostname: z.string(),
  programs: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  getaddrinfo: z.record(z.string(), z.string()),
  gethostbyname: z.record(z.string(), z.string()),
});

const client = `
import socket, sys
with socket.create_connection((sys.argv[1], 7000)) as host:
    host.sendall(sys.argv[2].encode() + b"\\n")
    print(host.makefile().readline(), end="")
    print(host.getsockname()[0])
`;

needing("python3")("hosts have names, addresses and an identity of their own", async (t) => {
  const command = ["python3", fixture("reporter.py"), "7000", "first", "second"];
  const world = await World.of(t, {
    first: { command, listen: [7000] },
    second: { command, listen: [7000] },
  });
  const first = await world.address("first");
  const second = await world.address("second");
  const ask = async (...parameters: readonly string[]) => {
    const { stdout } = await world.im("run", ...parameters);
    const [json = "", caller = ""] = stdout.split("\n");
    return { ...report.parse(JSON.parse(json)), caller };
  };

  const direct = await ask("--", "python3", "-c", client, "first", "");
  t.is(direct.peer, direct.caller);
  t.false([first, second, "127.0.0.1"].includes(direct.peer));
  t.is(direct.own, first);
  t.is(direct.hostname, "first");
  t.deepEqual(direct.programs, ["first", "first", "first"]);
  t.like(direct.environment, {
    IM_HOST: "first",
    IM_DEPLOYMENT: "shop",
    IM_INCARNATION: "1",
    IM_ADDRESS: first,
  });
  t.deepEqual(direct.getaddrinfo, { first, second });
  t.deepEqual(direct.gethostbyname, { first, second });

  const relayed = await ask("--", "python3", "-c", client, "first", "second 7000");
  t.deepEqual([relayed.peer, relayed.own, relayed.hostname], [first, second, "second"]);

  const asHost = await ask("--as", "second", "--", "python3", "-c", client, "first", "");
  t.is(asHost.peer, second);
});

needing()("a program of im run has the machine's name, and no host's", async (t) => {
  const world = await World.of(t, { web: { command: ["sleep", "1"] } });
  const script = 'uname -n; echo "$IM_DEPLOYMENT $IM_HOST."; exec 2>&1; getent hosts web';
  const { stdout } = await world.im("run", "--", "sh", "-c", script);
  const name = spawnSync("uname", ["-n"], { encoding: "utf8" }).stdout;
  t.is(stdout.split("\n").slice(0, 2).join("\n"), `${name}shop .`);
  t.true(stdout.includes(await world.address("web")), stdout);
});
