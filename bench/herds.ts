/** Many clients at once on one host that does not run: one invocation, and everybody answered. */
import { client, echo } from "./paths.js";
import { freePort } from "./ports.js";
import { numbers, Program } from "./program.js";
import { rowsOf } from "./results.js";
import type { Run } from "./run.js";

const sizes = [300, 1000, 5000] as const;
const port = 7000;
const request = "78";

export async function measureHerds(run: Run): Promise<void> {
  const rounds = run.rounds(1, 10);
  const nativePort = await freePort();
  const server = new Program([echo, String(nativePort)]);
  const count = rounds * sizes.length;
  const command = [echo, String(port)];
  run.home.deploy("herds", { herd: { command, listen: [port], count } });
  const addressOf = await run.home.addresses("herds", "herd");
  const clients = new Program([client]);
  let host = 0;
  try {
    for (const size of sizes) {
      run.say(`herds of ${size} clients`);
      const native: number[] = [];
      const ours: number[] = [];
      const worst = { invocations: 0, failed: 0 };
      for (let round = 0; round < rounds; round += 1) {
        const [name, address] = [`herd-${host}`, addressOf(host)];
        host += 1;
        await run.home.spareReady();
        const running = await herd(clients, "127.0.0.1", nativePort, size);
        const cold = await herd(clients, address, port, size);
        native.push(running.ms);
        ours.push(cold.ms);
        worst.invocations = Math.max(worst.invocations, run.home.invocations(name));
        worst.failed += cold.failed;
        await run.home.client.stop("herds", name);
      }
      note(run, size, [native, ours], worst);
    }
  } finally {
    await Promise.all([clients.kill(), server.kill()]);
    await run.home.down();
  }
}

async function herd(clients: Program, address: string, to: number, size: number) {
  const answer = await clients.ask("herd", address, String(to), String(size), request);
  const [ns = Number.NaN, , failed = size] = numbers(answer);
  return { ms: ns / 1e6, failed };
}

function note(
  run: Run,
  size: number,
  [native, ours]: readonly [readonly number[], readonly number[]],
  worst: { readonly invocations: number; readonly failed: number },
): void {
  const group = `${size} clients at once, until all are answered`;
  run.rows.push(
    ...rowsOf(group, "ms", [
      { name: "native server, running", values: native },
      { name: "Imaginary Machines, host cold", values: ours, lost: worst.failed },
    ]),
  );
  run.goals.push({
    what: `invocations for a herd of ${size}; clients that were not answered`,
    wanted: "1; 0",
    measured: `${worst.invocations}; ${worst.failed}`,
  });
}
