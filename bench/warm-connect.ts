/**
 * A server that runs: the same two programs natively and in a deployment. Two clients stand ready
 * and take turns, twenty connects each, so that what slows the machine slows both; servers have one
 * processor and clients another; and all of them are started anew a few times.
 */
import { availableParallelism } from "node:os";
import { client, echo } from "./paths.js";
import { has } from "./peers.js";
import { freePort } from "./ports.js";
import { numbers, Program } from "./program.js";
import { rowsOf } from "./results.js";
import type { Run } from "./run.js";

const blockCount = 20;
const port = 7000;
/** Which of two processors the kernel puts a program on decides more than what is measured here. */
const isPinned = has("taskset") && availableParallelism() > 1;
const at = (processor: number) => (isPinned ? ["taskset", "-c", String(processor)] : []);
const onServer = at(1);
const onClient = at(0);

interface Talk {
  readonly group: string;
  /** Of the measuring client, without host and port. */
  readonly command: "ping" | "talk";
  readonly counts: readonly number[];
  readonly blocks: number;
}

/** Times of one way, in the order in which they were taken. */
type Times = Record<"native" | "ours", number[]>;

export async function measureWarmConnect(run: Run): Promise<void> {
  const talks: readonly Talk[] = [
    {
      group: "connect and first byte, server running",
      command: "ping",
      counts: [blockCount],
      blocks: run.rounds(10, 250),
    },
    {
      group: "one byte there and back, connection open",
      command: "talk",
      counts: [100, 1],
      blocks: run.rounds(3, 50),
    },
    {
      group: "64 KiB there and back, connection open",
      command: "talk",
      counts: [40, 65_536],
      blocks: run.rounds(3, 25),
    },
  ];
  const starts = run.rounds(2, 12);
  const measured: readonly Times[] = talks.map(() => ({ native: [], ours: [] }));
  run.home.deploy("warm", { web: { command: [...onServer, echo, String(port)], listen: [port] } });
  try {
    for (let start = 1; start <= starts; start += 1) {
      run.say(`warm connects: start ${start} of ${starts}`);
      await measureStart(run, talks, starts, measured);
    }
  } finally {
    await run.home.down();
  }
  for (const [index, talk] of talks.entries()) {
    const { native = [], ours = [] } = measured[index] ?? {};
    const series = [
      { name: "native", values: native },
      { name: "Imaginary Machines", values: ours },
    ];
    // What one start has in common is not many samples.
    const rows = rowsOf(talk.group, "µs", series, Math.ceil(native.length / starts));
    run.rows.push(...rows);
    if (talk.command === "ping") noteGoal(run, rows[1]?.ratio?.value ?? Number.NaN);
  }
}

/** Processes of their own each time: what is decided at their start is not the product's. */
async function measureStart(
  run: Run,
  talks: readonly Talk[],
  starts: number,
  measured: readonly Times[],
): Promise<void> {
  const nativePort = await freePort();
  const server = new Program([...onServer, echo, String(nativePort)]);
  await run.home.client.wake("warm", "web");
  const native = new Program([...onClient, client]);
  const ours = run.home.run(...onClient, client);
  try {
    for (const [index, talk] of talks.entries()) {
      const inNative = () => native.ask(talk.command, "127.0.0.1", ...words(nativePort, talk));
      const inOurs = () => ours.ask(talk.command, "web", ...words(port, talk));
      const blocks = Math.ceil(talk.blocks / starts);
      for (let block = 0; block <= blocks; block += 1) {
        const nativeFirst = block % 2 === 0;
        const first = await (nativeFirst ? inNative() : inOurs());
        const second = await (nativeFirst ? inOurs() : inNative());
        // The first block warms up.
        if (block === 0) continue;
        measured[index]?.native.push(...microseconds(nativeFirst ? first : second));
        measured[index]?.ours.push(...microseconds(nativeFirst ? second : first));
      }
    }
  } finally {
    await Promise.all([native.kill(), ours.kill(), server.kill()]);
    await run.home.client.stop("warm", "web");
  }
}

function words(to: number, { counts }: Talk): readonly string[] {
  return [String(to), ...counts.map(String)];
}

function microseconds(line: string): readonly number[] {
  return numbers(line).map((ns) => ns / 1000);
}

function noteGoal(run: Run, ratio: number): void {
  run.goals.push({
    what: "first byte on a warm connect, ratio to native",
    wanted: "≤ 1.03",
    measured: ratio.toFixed(3),
  });
}
