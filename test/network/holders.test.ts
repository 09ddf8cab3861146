import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import test from "ava";
import { SystemHolders } from "../../platform/network/holders-adapter.js";
import { loadAddon } from "../../shim/index.js";

const holders = new SystemHolders(loadAddon());

test("whoever runs below init is a guest; a zombie is none", async (t) => {
  // The shell is the host-runtime, tail its init, which reaps nobody.
  const init = "sh -c 'sleep 1000 & echo $!; exec tail -f /dev/null'";
  const root = spawn("sh", ["-c", `${init}; :`], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  const pid = root.pid ?? 0;
  const [line] = await once(createInterface({ input: root.stdout }), "line");
  const guest = Number(line);
  t.teardown(() => process.kill(-pid, "SIGKILL"));
  t.true(holders.inhabited(pid));
  const ended = new Promise<void>((resolve) => {
    holders.onEnd(guest, resolve);
  });
  process.kill(guest, "SIGKILL");
  await ended;
  t.false(holders.inhabited(pid));
  t.false(holders.inhabited(guest));
});
