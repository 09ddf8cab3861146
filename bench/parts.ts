/**
 * Where the time of a cold connect goes. The daemon's requests mark the way: Node's own diagnostics
 * channels tell when each began and was answered, by the clock that the client measures with.
 */
import { readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { BenchHome } from "./home.js";
import { client, root } from "./paths.js";
import { has, type Served, servedPrograms } from "./peers.js";
import { numbers, Program } from "./program.js";
import { rowsOf } from "./results.js";
import type { Run } from "./run.js";

const port = 7000;
const traced = z.object({
  step: z.enum(["began", "answered"]),
  operation: z.string(),
  atNs: z.string().transform(Number),
});
type Traced = z.infer<typeof traced>;

/** In the order of a boot; each ends where the next begins. */
const partNames = [
  "the signal reaches the host's machine",
  "claim: a conditional write",
  "invoke: the engine hands the event over",
  "host-runtime: event, node, acceptance",
  "register: a conditional write, while the guest starts",
  "the guest: until its first byte",
] as const;

export async function measureParts(run: Run): Promise<void> {
  for (const served of servedPrograms) {
    if (has(served.needs)) await measureProgram(run, served);
  }
}

async function measureProgram(run: Run, served: Served): Promise<void> {
  const rounds = run.rounds(3, 50);
  const trace = join(run.home.directory, "trace");
  const hook = join(root, "bench/programs/trace-requests.cjs");
  const home = new BenchHome({ NODE_OPTIONS: `--require=${hook}`, IM_BENCH_TRACE: trace });
  const outside = new Program([client]);
  const parts = partNames.map(() => [] as number[]);
  try {
    const command = served.command(port, home.directory);
    home.deploy("parts", { web: { command, listen: [port], count: rounds } });
    const addressOf = await home.addresses("parts", "web");
    for (let round = 0; round < rounds; round += 1) {
      run.say(`parts of a cold connect to ${served.name}: round ${round + 1} of ${rounds}`);
      await home.spareReady();
      truncateSync(trace);
      const answer = await outside.ask("cold", addressOf(round), String(port), served.request);
      for (const [index, ms] of marksOf(answer, trace).entries()) parts[index]?.push(ms);
      await home.client.stop("parts", `web-${round}`);
    }
  } finally {
    await outside.kill();
    await home.close();
  }
  partNames.forEach((name, index) => {
    const values = parts[index] ?? [];
    const rows = rowsOf(`parts of a cold connect to ${served.name}`, "ms", [{ name, values }]);
    run.rows.push(...rows);
  });
}

function marksOf(answer: string, trace: string): readonly number[] {
  const [ns = Number.NaN, , startNs = Number.NaN] = numbers(answer);
  const lines = readFileSync(trace, "utf8").trim().split("\n");
  const events = lines.map((line) => traced.parse(JSON.parse(line)));
  const [claim, register] = pairs(events, (operation) => operation.startsWith("DynamoDB"));
  const [invoke] = pairs(events, (operation) => operation.includes("/invocations"));
  if (claim === undefined || register === undefined || invoke === undefined) {
    throw new Error(`a boot without its requests: ${lines.join(" ")}`);
  }
  const marks = [
    startNs,
    claim.began,
    claim.answered,
    invoke.answered,
    register.began,
    register.answered,
    startNs + ns,
  ];
  return marks.slice(1).map((mark, index) => (mark - (marks[index] ?? Number.NaN)) / 1e6);
}

/** Beginnings and answers of requests that do not overlap, in their order. */
function pairs(events: readonly Traced[], fits: (operation: string) => boolean) {
  const own = events.filter(({ operation }) => fits(operation));
  const began = own.filter(({ step }) => step === "began");
  const answered = own.filter(({ step }) => step === "answered");
  return began.map(({ atNs }, index) => {
    return { began: atNs, answered: answered[index]?.atNs ?? Number.NaN };
  });
}
