/** What the engine's freezer takes for a server with its connections: to freeze it, to thaw it. */
import { chmodSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { systemClock } from "../platform/daemon/system-clock-adapter.js";
import type { Log } from "../platform/ports/log.js";
import { chooseFreezer } from "../simulator/lambda/choose-freezer.js";
import type { FreezableTree, Freezer } from "../simulator/lambda/freezer.js";
import { markerVariable, ProcessTable } from "../simulator/lambda/process-table.js";
import { ProcessTree } from "../simulator/lambda/process-tree.js";
import { client, echo } from "./paths.js";
import { freePort } from "./ports.js";
import { Program } from "./program.js";
import { rowsOf } from "./results.js";
import type { Run } from "./run.js";
import { median } from "./statistics.js";

const openCounts = [1, 10, 100, 1000] as const;
const marker = "im-bench-frozen";
const wantedMs = 1;
const request = "78";
/** Of a byte on its way into a queue that nobody reads. */
const restMs = 2;

const nothing = (): void => undefined;
const silentLog: Log = {
  ...{ debug: nothing, info: nothing, warn: nothing, error: nothing },
  child: () => silentLog,
};

interface Frozen {
  readonly tree: FreezableTree;
  readonly socket: Socket;
}

export async function measureFreezes(run: Run): Promise<void> {
  for (const wanted of ["cgroup", "signals"] as const) {
    const freezer = chooseFreezer({
      ...{ wanted, runtimeDirectory: run.home.directory, clock: systemClock, log: silentLog },
      stateFile: join(run.home.directory, "cgroup"),
    });
    if (freezer.kind === wanted) await measureFreezer(run, freezer);
    else run.skipped.add(`freezing by ${wanted}: ${freezer.reason}`);
    await freezer.close();
  }
}

async function measureFreezer(run: Run, freezer: Freezer): Promise<void> {
  const port = await freePort();
  const table = new ProcessTable();
  const tree = freezer.open(marker, new ProcessTree(table, systemClock, silentLog, marker));
  const script = join(run.home.directory, "frozen.sh");
  writeFileSync(script, `#!/bin/sh\nexec ${echo} ${port}\n`);
  chmodSync(script, 0o700);
  const environment = { ...process.env, [markerVariable]: marker };
  const server = new Program(tree.command(script), { environment });
  const others = new Program([client]);
  const most = { freeze: 0, thaw: 0 };
  try {
    await others.ask("await", "127.0.0.1", String(port));
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    let open = 1;
    for (const count of openCounts) {
      await others.ask("hold", "127.0.0.1", String(port), String(count - open), request);
      open = count;
      run.say(`freezing by ${freezer.kind}, ${count} connections open`);
      const { freeze, thaw } = await measureRounds(run, { tree, socket }, freezer, count);
      most.freeze = Math.max(most.freeze, freeze);
      most.thaw = Math.max(most.thaw, thaw);
    }
    socket.destroy();
  } finally {
    await Promise.all([server.kill(), others.kill()]);
    await tree.remove();
  }
  for (const [what, ms] of Object.entries(most)) {
    run.goals.push({
      what: `${what} by ${freezer.kind}, up to ${openCounts.at(-1)} connections open`,
      wanted: `< ${wantedMs} ms`,
      measured: `${ms.toFixed(2)} ms`,
    });
  }
}

/** Medians of both, in ms; of a thaw what it adds to a byte there and back. */
async function measureRounds(run: Run, frozen: Frozen, { kind }: Freezer, count: number) {
  const { tree, socket } = frozen;
  const taken = { freeze: [] as number[], awake: [] as number[], thaw: [] as number[] };
  for (let round = run.rounds(5, 200); round > 0; round -= 1) {
    taken.awake.push(await timed(() => thereAndBack(socket, () => socket.write("x"))));
    taken.freeze.push(await timed(() => tree.freeze()));
    socket.write("x");
    await delay(restMs);
    taken.thaw.push(await timed(() => thereAndBack(socket, () => tree.thaw())));
  }
  const rows = [
    ...rowsOf(`freeze by ${kind}, ${count} open`, "ms", [
      { name: "until nothing runs", values: taken.freeze },
    ]),
    ...rowsOf(`thaw by ${kind}, ${count} open`, "ms", [
      { name: "awake: a byte there and back", values: taken.awake },
      { name: "frozen: thaw until the byte is back", values: taken.thaw },
    ]),
  ];
  run.rows.push(...rows);
  return { freeze: median(taken.freeze), thaw: median(taken.thaw) - median(taken.awake) };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await act();
  return performance.now() - beganMs;
}

function thereAndBack(socket: Socket, act: () => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.off("error", reject);
      resolve(data);
    });
    act();
  });
}
