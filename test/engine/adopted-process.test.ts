import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import test, { type ExecutionContext } from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { loadAddon } from "../../shim/index.js";
import { AdoptedProcess } from "../../simulator/lambda/adopted-process.js";
import { identityOf } from "../../simulator/lambda/process-table.js";

function sleeper(t: ExecutionContext): { child: ChildProcess; pid: number; identity: string } {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  t.teardown(() => child.kill("SIGKILL"));
  const pid = child.pid ?? 0;
  return { child, pid, identity: identityOf(pid) ?? "" };
}

for (const [how, addon] of [
  ["a pidfd", loadAddon()],
  ["/proc", null],
] as const) {
  test(`the end of an adopted process is seen through ${how}`, async (t) => {
    const { child, pid, identity } = sleeper(t);
    const adopted = new AdoptedProcess({ pid, identity }, systemClock, addon);
    t.is(adopted.exit, null);
    child.kill("SIGKILL");
    await adopted.exited;
    t.deepEqual(adopted.exit, { code: null, signal: null });
  });
}

test("another process that has the number by now is not the adopted one", async (t) => {
  const { child, pid } = sleeper(t);
  const adopted = new AdoptedProcess({ pid, identity: "earlier" }, systemClock, loadAddon());
  await adopted.exited;
  t.is(child.exitCode, null);
});

test("a process that is gone has ended", async (t) => {
  const { child, pid, identity } = sleeper(t);
  child.kill("SIGKILL");
  await once(child, "exit");
  const adopted = new AdoptedProcess({ pid, identity }, systemClock, loadAddon());
  await adopted.exited;
  t.is(adopted.describe(), "its exit status is not known");
});
