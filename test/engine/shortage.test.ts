/** An engine that runs out of descriptors: what it has begun is done when there are some again. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { EnvironmentFiles } from "../../simulator/lambda/environment-files.js";
import { EnvironmentOutput } from "../../simulator/lambda/environment-output.js";
import { LogFile } from "../../simulator/lambda/log-file.js";
import { SignalFreezer } from "../../simulator/lambda/signal-freezer.js";
import { needing } from "../process/requirements.js";
import { takeDescriptors } from "./descriptors.js";
import { family, log, TestTree } from "./frozen-trees.js";

function directoryOf(t: ExecutionContext): string {
  const directory = mkdtempSync("/tmp/im-shortage-");
  t.teardown(() => rmSync(directory, { recursive: true }));
  return directory;
}

needing("prlimit")("processes that cannot be looked at are not taken for ended", async (t) => {
  const tree = new TestTree(t, new SignalFreezer(systemClock, log, null));
  await tree.start(family);
  const release = takeDescriptors();
  const seen = tree.processes.members();
  release();
  t.true((await seen).length >= 3);
});

needing("prlimit")("a tree is killed as soon as it can be seen", async (t) => {
  const tree = new TestTree(t, new SignalFreezer(systemClock, log, null));
  await tree.start(family);
  const release = takeDescriptors();
  const killed = tree.processes.kill();
  release();
  await killed;
  t.deepEqual(await tree.processes.members(), []);
});

needing("prlimit")("what an environment leaves is removed as soon as it can be", async (t) => {
  const directory = directoryOf(t);
  const places = { runtimeDirectory: directory, environmentsDirectory: directory };
  const files = new EnvironmentFiles("one", { clock: systemClock, log, ...places });
  mkdirSync(join(files.temporaryDirectory, "below"), { recursive: true });
  const release = takeDescriptors();
  const removed = [files.removeTemporary(), files.remove()];
  release();
  await Promise.all(removed);
  t.deepEqual(readdirSync(directory), []);
});

needing("prlimit")("a log is opened for the first line that finds a descriptor", async (t) => {
  const path = join(directoryOf(t), "log");
  const release = takeDescriptors();
  const opened = new LogFile(path);
  opened.line("lost");
  release();
  opened.line("kept");
  opened.line("kept");
  opened.close();
  t.is(readFileSync(path, "utf8"), "kept\nkept\n");
});

needing("prlimit")("what was printed is taken and trimmed later", async (t) => {
  const path = join(directoryOf(t), "output");
  const bytes = 2 * 1024 * 1024;
  const printing = new LogFile(path);
  printing.append(Buffer.alloc(bytes, "x"));
  printing.close();
  const output = new EnvironmentOutput(path);
  let taken = 0;
  const sink = (piece: Buffer) => {
    taken += piece.length;
  };
  let release = takeDescriptors();
  output.take(sink);
  release();
  t.is(taken, 0);
  output.take(sink);
  t.is(taken, bytes);
  release = takeDescriptors();
  output.trim();
  release();
  t.is(readFileSync(path).length, bytes);
  output.trim();
  t.is(readFileSync(path).length, 0);
});
