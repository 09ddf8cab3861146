import { spawnSync } from "node:child_process";
import { once } from "node:events";
import test from "ava";
import { loadAddon, processFields } from "../../shim/index.js";
import { python, withPython } from "./python.js";

const addon = loadAddon();

function trees(roots: readonly number[]) {
  const numbers = addon.processTrees(roots);
  const { length } = processFields;
  return Array.from({ length: numbers.length / length }, (_, index) => {
    const row = numbers.subarray(index * length);
    const [root = 0, pid = 0, cpuMs = 0, state = 0, parent = 0] = row;
    return { root, pid, cpuMs, state: String.fromCharCode(state), parent };
  });
}

withPython("a tree has its grandchildren, with a session of their own too", async (t) => {
  const source = `
import os, sys
r, w = os.pipe()
if os.fork() == 0:
    os.setsid()
    grandchild = os.fork()
    if grandchild != 0:
        os.write(w, b"%d %d" % (os.getpid(), grandchild))
    os.read(0, 1)
    os._exit(0)
print(os.read(r, 64).decode(), flush=True)
os.read(0, 1)`;
  const { pid, first } = await python(t, source);
  const [child = 0, grandchild = 0] = first.split(" ").map(Number);
  const expected = [pid, child, grandchild].sort((a, b) => a - b);
  const found = trees([2 ** 22, pid]);
  t.deepEqual(
    found.map((one) => one.pid).sort((a, b) => a - b),
    expected,
  );
  t.true(found.every(({ root, state }) => root === 1 && "SR".includes(state)));
  t.is(found.find((one) => one.pid === grandchild)?.parent, child);
});

/** Each line that it reads is a statement; it says when that is done. */
const obeying = `
import os, sys, time
def work():
    end = time.process_time() + 0.1
    while time.process_time() < end: pass
print("ready", flush=True)
for line in sys.stdin:
    exec(line)
    print("done", flush=True)`;

withPython("a second look has who was born, lost its parent, worked or ended since", async (t) => {
  const { child, pid, lines } = await python(t, obeying);
  const does = async (statement: string) => {
    const done = once(lines, "line");
    child.stdin?.write(`${statement}\n`);
    await done;
    return trees([pid]);
  };
  const [first] = await does("pass");
  const [worked] = await does("work()");
  t.true((worked?.cpuMs ?? 0) >= (first?.cpuMs ?? 0) + 90, String(worked?.cpuMs));
  t.is((await does("pass")).length, 1);
  t.is((await does("child = os.fork() or time.sleep(60)")).length, 2);
  t.is((await does("os.kill(child, 9), os.wait()")).length, 1);
});

withPython("a process whose parent has ended stays below its subreaper", async (t) => {
  const source = `
import ctypes, os, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
go, stop = os.pipe(), os.pipe()
if os.fork() == 0:
    grandchild = os.fork()
    if grandchild == 0:
        time.sleep(60)
    os.write(go[1], str(grandchild).encode())
    os.read(stop[0], 1)
    os._exit(0)
grandchild = os.read(go[0], 16).decode()
print(grandchild, flush=True)
sys.stdin.readline()
os.write(stop[1], b"x")
os.wait()
print("orphaned", flush=True)
sys.stdin.read()
os.kill(int(grandchild), 9)`;
  const { child, pid, first, lines } = await python(t, source);
  const orphan = Number(first);
  t.is(trees([pid]).length, 3);
  const orphaned = once(lines, "line");
  child.stdin?.write("\n");
  await orphaned;
  const found = trees([pid]);
  t.is(found.find((one) => one.pid === orphan)?.parent, pid);
  t.is(found.length, 2);
  child.stdin?.end();
  await once(child, "exit");
});

withPython("time that a child used stays in the tree when the child has ended", async (t) => {
  const source = `
import os, time
if os.fork() == 0:
    while time.process_time() < 0.1: pass
    os._exit(0)
os.wait()
print("done", flush=True)
os.read(0, 1)`;
  const { pid } = await python(t, source);
  const [only] = trees([pid]);
  t.true((only?.cpuMs ?? 0) >= 90, String(only?.cpuMs));
});

test("roots that have ended have no tree, and what is no pid is refused", (t) => {
  t.deepEqual(trees([2 ** 22 + 1]), []);
  t.throws(() => addon.processTrees([-1]), { instanceOf: TypeError });
});

/** Takes every descriptor, asks twice, gives two back and asks again. */
const short = `
import { closeSync, openSync } from "node:fs";
const { loadAddon } = await import(process.argv[1]);
const addon = loadAddon();
const open = [];
const attempt = (act) => {
  try {
    return act();
  } catch (error) {
    return error.code;
  }
};
while (typeof attempt(() => open.push(openSync("/dev/null"))) === "number");
const look = () => attempt(() => addon.processTrees([process.pid]).length > 0);
const seen = [look(), look()];
for (const descriptor of open.splice(0, 2)) closeSync(descriptor);
console.log([...seen, look()].join(" "));`;

test("who has no descriptor left is told so, each time, and sees all when there is one", (t) => {
  const node = [process.execPath, "--input-type=module", "-e", short];
  const addonUrl = new URL("../../shim/index.js", import.meta.url).href;
  const words = ["-c", 'ulimit -n 64; exec "$@"', "sh", ...node, addonUrl];
  t.is(spawnSync("sh", words, { encoding: "utf8" }).stdout, "EMFILE EMFILE true\n");
});
