/**
 * A server that runs: the same two programs natively and in a deployment. Two clients stand ready
 * and take turns, twenty connects each, so that what slows the machine slows both.
 */
import { client, echo } from "./paths.js";
import { freePort } from "./ports.js";
import { numbers, Program } from "./program.js";
import { rowsOf } from "./results.js";
import type { Run } from "./run.js";

const blockCount = 20;
const port = 7000;

interface Talk {
  readonly group: string;
  /** Of the measuring client, without host and port. */
  readonly command: "ping" | "talk";
  readonly counts: readonly number[];
  readonly blocks: number;
}

export async function measureWarmConnect(run: Run): Promise<void> {
  run.say("warm connects");
  const nativePort = await freePort();
  const server = new Program([echo, String(nativePort)]);
  run.home.deploy("warm", { web: { command: [echo, String(port)], listen: [port] } });
  await run.home.client.wake("warm", "web");
  const native = new Program([client]);
  const ours = run.home.run(client);
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
  try {
    for (const talk of talks) {
      const measured = { native: [] as number[], ours: [] as number[] };
      for (let block = 0; block <= talk.blocks; block += 1) {
        const inNative = () => native.ask(talk.command, "127.0.0.1", ...words(nativePort, talk));
        const inOurs = () => ours.ask(talk.command, "web", ...words(port, talk));
        const nativeFirst = block % 2 === 0;
        const first = await (nativeFirst ? inNative() : inOurs());
        const second = await (nativeFirst ? inOurs() : inNative());
        // The first block warms up.
        if (block === 0) continue;
        measured.native.push(...microseconds(nativeFirst ? first : second));
        measured.ours.push(...microseconds(nativeFirst ? second : first));
      }
      const series = [
        { name: "native", values: measured.native },
        { name: "Imaginary Machines", values: measured.ours },
      ];
      const rows = rowsOf(talk.group, "µs", series, talk.counts[0]);
      run.rows.push(...rows);
      if (talk.command === "ping") noteGoal(run, rows[1]?.ratio?.value ?? Number.NaN);
    }
  } finally {
    await Promise.all([native.kill(), ours.kill(), server.kill()]);
    await run.home.down();
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
