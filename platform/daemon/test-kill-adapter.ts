/**
 * Fault injection: with IM_TEST_KILL=<step> the daemon ends itself with SIGKILL, as by a crash, the
 * first time that the step is reached. Only the first daemon of a keeper: the next ones recover.
 */
const fatalStep = process.env["IM_TEST_KILL"] ?? "";
const restarted = (process.env["IM_RESTARTS"] ?? "0") !== "0";

/** Called by the supervisor at each step that a crash is tested at. */
export function reachStep(name: string): void {
  if (name !== "" && name === fatalStep && !restarted) process.kill(process.pid, "SIGKILL");
}
