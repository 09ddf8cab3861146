import { spawnSync } from "node:child_process";
import test from "ava";
import { shimFiles } from "../../shim/index.js";
import { Guests, program, withPython } from "./guests.js";

withPython("every resolver call answers a host's name out of the table", async (t) => {
  const guests = await Guests.start(t);
  const web = await guests.host("web", [80]);
  await guests.host("api", []);
  const argv = [program("names"), "WEB.", web];
  const lines = await guests.lines({ id: "names", argv, host: "api" });
  t.deepEqual(lines, [
    `no hints: ${web} 0 - (3)`,
    `canonical: ${web} 80 web (1)`,
    "inet6: No address associated with hostname (0)",
    `mapped: ::ffff:${web} 80 - (1)`,
    "numeric: Name or service not known (0)",
    "bad service: Servname not supported for ai_socktype (0)",
    `gethostbyname: web ${web}`,
    "gethostbyname2 inet6: error 4",
    `gethostbyname_r: web ${web}`,
    `gethostbyaddr: web ${web}`,
    "getnameinfo: web 80",
    `getnameinfo numeric: ${web} 80`,
    "getnameinfo small: error -12",
    "getnameinfo unknown: error -2",
    "localhost: 127.0.0.1 80 - (1)",
    "uname: api",
    "gethostname: api",
    "gethostname short: ENAMETOOLONG",
  ]);
});

withPython("a host that is declared later is found: the table has grown", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", [80]);
  const script = [
    "import socket,sys,time",
    "print(socket.gethostbyname('web'), flush=True)",
    "while True:",
    "  try: print(socket.gethostbyname('late.'), flush=True); break",
    "  except socket.gaierror: time.sleep(0.01)",
  ].join("\n");
  guests.start({ id: "client", argv: ["python3", "-c", script] });
  await guests.prints("client", "127.");
  const late = await guests.host("late", [80]);
  t.is((await guests.exits("client")).lines[1], late);
});

withPython("a client keeps the machine's name", async (t) => {
  const guests = await Guests.start(t);
  const lines = await guests.lines({ id: "client", argv: ["uname", "-n"] });
  t.deepEqual(lines, [spawnSync("uname", ["-n"]).stdout.toString().trim()]);
});

withPython("a table that cannot be opened is asked for", async (t) => {
  const guests = await Guests.start(t);
  const web = await guests.host("web", [80]);
  const argv = [program("names"), "web", web];
  guests.start({ id: "client", argv, table: "/nonexistent" });
  const { lines } = await guests.exits("client");
  t.is(lines[0], `no hints: ${web} 0 - (3)`);
  t.deepEqual(guests.requests("client"), ["table"]);
});

test("without a control descriptor the shim is transparent", (t) => {
  for (const control of [undefined, "", "0", "77", "x"]) {
    const environment = { ...process.env, IM_ADDRESS: "127.64.0.9", IM_HOST: "web" };
    const { stdout, status } = spawnSync("uname", ["-n"], {
      env: {
        ...environment,
        LD_PRELOAD: shimFiles.preload,
        ...(control === undefined ? {} : { IM_CONTROL: control }),
      },
    });
    t.is(status, 0);
    t.is(stdout.toString(), spawnSync("uname", ["-n"]).stdout.toString());
  }
});
