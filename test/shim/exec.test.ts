import { Guests, program, withPython } from "./guests.js";

const found = "web control open others -";

withPython("every way to execute a program keeps it in the deployment", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", []);
  const lines = await guests.lines({ id: "web", argv: [program("execs")], host: "web" });
  t.is(lines.length, 12);
  for (const line of lines) t.regex(line, new RegExp(`^\\w+: ${found}$`));
});

withPython("system and popen keep a program that cleared its environment", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", []);
  const argv = [program("execs"), "cleared"];
  const lines = await guests.lines({ id: "web", argv, host: "web" });
  t.deepEqual(lines, [`system: ${found}`, `popen: ${found}`]);
});

withPython("the control descriptor outlives every attempt to close it", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", []);
  const argv = [program("execs"), "hostile"];
  t.deepEqual(await guests.lines({ id: "web", argv, host: "web" }), [`execve: ${found}`]);
});

withPython("the guest's own preload libraries stay behind the shim", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", []);
  const argv = ["env", "LD_PRELOAD=libm.so.6 libdl.so.2", program("execs"), "find"];
  const lines = await guests.lines({ id: "web", argv, host: "web" });
  t.deepEqual(lines, ["web control open others libm.so.6:libdl.so.2"]);
});

withPython("shells, env -i and python's subprocess pass the deployment on", async (t) => {
  const guests = await Guests.start(t);
  await guests.host("web", []);
  const script = `import subprocess; subprocess.run(['${program("execs")}', 'find'], env={})`;
  const argv = ["bash", "-c", `exec env -i bash -c 'exec "$0" -c "$1"' "$0" "$1"`, "python3"];
  const lines = await guests.lines({ id: "web", argv: [...argv, script], host: "web" });
  t.deepEqual(lines, [found]);
});
