/** Entry point of the daemon. Executed by a keeper, in a session of its own. */
import { startService } from "./compose-start.js";
import { readConfiguration } from "./configuration.js";
import { runDaemon } from "./daemon.js";
import { encodeError } from "./error-codec.js";
import { openLog } from "./log.js";
import { reportStart } from "./report-start.js";
import { requireShim } from "./shim-files.js";
import { systemClock } from "./system-clock-adapter.js";

try {
  await runDaemon({
    configuration: readConfiguration(),
    addon: requireShim(),
    clock: systemClock,
    openLog,
    createService: startService,
    report: reportStart,
  });
} catch (error) {
  await reportStart({ type: "failed", error: encodeError(error) });
  process.exitCode = 2;
}
// Whatever still holds the loop belongs to what was closed: nothing of it may keep us here.
process.exit();
