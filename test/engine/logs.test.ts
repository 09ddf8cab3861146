import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import { EnvironmentOutput } from "../../simulator/lambda/environment-output.js";
import { LogFile } from "../../simulator/lambda/log-file.js";
import { EngineRig } from "./engine-rig.js";

async function logOf(rig: EngineRig, event: object): Promise<string> {
  const Payload = JSON.stringify(event);
  const parts = { FunctionName: "web", TenantId: "web-0", Payload };
  const sent = await rig.client.send(new InvokeCommand({ ...parts, LogType: "Tail" }));
  return Buffer.from(sent.LogResult ?? "", "base64").toString();
}

const id = "[0-9a-f-]{36}";
const start = `START RequestId: (${id}) Version: \\$LATEST\\n`;
const usage = "Memory Size: 128 MB\\tMax Memory Used: [1-9]\\d* MB";
const report = `REPORT RequestId: \\1\\tDuration: [\\d.]+ ms\\tBilled Duration: \\d+ ms\\t${usage}`;

test("the tail of an invocation's own log comes with the answer, if asked for", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const cold = await logOf(rig, { action: "print", line: "first" });
  const init = "\\tInit Duration: [\\d.]+ ms";
  t.regex(cold, new RegExp(`^${start}first\\nEND RequestId: \\1\\n${report}${init}\\n$`));
  const warm = await logOf(rig, { action: "print", line: "second" });
  t.regex(warm, new RegExp(`^${start}second\\nEND RequestId: \\1\\n${report}\\n$`));
  const long = await logOf(rig, { action: "print", line: "x".repeat(10_000) });
  t.is(long.length, 4096);
  t.regex(long, new RegExp(`^x+\\nEND RequestId: (${id})\\n${report}\\n$`));
  const log = rig.functionLog("web");
  t.true(log.indexOf("first") < log.indexOf("second"));
  const none = await rig.client.send(
    new InvokeCommand({ FunctionName: "web", TenantId: "web-0", Payload: '{"action":"echo"}' }),
  );
  t.is(none.LogResult, undefined);
});

test("what a tenant prints is not in the other's tail", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web");
  const [file, pids] = [rig.path("go"), rig.path("pids")];
  const other = rig.invoke("web", "web-1", { action: "wait", file, report: pids });
  await rig.lines(pids, 1);
  await rig.invoke("web", "web-2", { action: "print", line: "somebody else's" });
  t.false((await logOf(rig, { action: "print", line: "mine" })).includes("somebody"));
  rig.touch(file);
  await other;
});

test("a timeout and a crash are logged in AWS's words", async (t) => {
  const rig = await EngineRig.start(t);
  await rig.create("web", { Timeout: 1 });
  t.regex(await logOf(rig, { action: "hang" }), / Task timed out after 1\.00 seconds\n\nEND /);
  const timedOut = /Billed Duration: (\d+) ms\t.*\tInit Duration: (\S+) ms\tStatus: timeout$/m;
  const [, billedMs, initMs] = timedOut.exec(rig.functionLog("web")) ?? [];
  t.true(Math.abs(Number(billedMs) - 1000 - Number(initMs) - 0.5) <= 0.51);
  const crash = await logOf(rig, { action: "exit", code: 3 });
  t.regex(crash, /Error: Runtime exited with error: exit status 3\nRuntime\.ExitError\n/);
  t.regex(crash, /\tStatus: error\n$/);
});

test("a log that is full becomes the one before it", (t) => {
  const directory = mkdtempSync("/tmp/im-log-");
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "web.log");
  const log = new LogFile(path, 20);
  for (const line of ["one", "two", "three", "four", "five"]) log.line(`line ${line}`);
  log.close();
  t.is(readFileSync(`${path}.1`, "utf8"), "line three\n");
  t.is(readFileSync(path, "utf8"), "line four\nline five\n");
});

test("output is taken once, and the file is emptied when it is large and all taken", (t) => {
  const directory = mkdtempSync("/tmp/im-output-");
  t.teardown(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "output.log");
  const output = new EnvironmentOutput(path);
  const taken = () => {
    const pieces: Buffer[] = [];
    output.take((piece) => pieces.push(piece));
    return Buffer.concat(pieces).toString();
  };
  t.is(taken(), "");
  const processes = new LogFile(path);
  processes.line("one");
  t.is(taken(), "one\n");
  t.is(taken(), "");
  processes.append(Buffer.alloc(2 ** 21, "x"));
  output.trim();
  t.is(statSync(path).size, 2 ** 21 + 4);
  t.is(taken().length, 2 ** 21);
  output.trim();
  t.is(statSync(path).size, 0);
  processes.line("two");
  t.is(taken(), "two\n");
  processes.close();
});
