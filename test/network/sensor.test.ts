/** The system's sensor against the system's clock. */
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { SystemSensor } from "../../platform/network/sensor-adapter.js";
import type { Wait } from "../../platform/ports/sensor.js";
import { loadAddon } from "../../shim/index.js";
import { python, withPython } from "../addon/python.js";

/** A guest below an init below a runtime; it waits until a time that it has read off the clock. */
const source = `
import ctypes, os, sys, threading
def end_with_parent(): ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.fork() == 0:
    end_with_parent()
    if os.fork() == 0:
        end_with_parent()
        print("ready", flush=True)
        threading.Event().wait(60)
        os._exit(0)
    os.wait()
    os._exit(0)
sys.stdin.read()`;

withPython(
  "a guest's time-out of a minute is due in a minute, by the machine's clock",
  async (t) => {
    const { pid } = await python(t, source);
    const sensor = new SystemSensor(loadAddon(), systemClock);
    let found: Wait | undefined;
    while (found === undefined) found = sensor.waits(pid)[0];
    const leftMs = (found.dueMs ?? 0) - systemClock.monotonicMs();
    t.true(leftMs > 0 && leftMs <= 60_000, `${leftMs}`);
  },
);
