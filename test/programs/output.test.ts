/** A guest that writes as fast as it can: its log stays small, and nobody waits for it. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { built, World } from "../process/world.js";
import { ifInstalled } from "./installed.js";

const logBytesMax = 2 * 11 * 1024 * 1024;
/** What the daemon may take more at its peak: it boots hosts meanwhile, and carries no output. */
const daemonGrowthMbMax = 64;
/** A host-runtime, which carries it, has this much at rest and in flight. */
const runtimeMbMax = 256;

ifInstalled(["yes"])("a guest that never stops writing harms nobody", async (t) => {
  const guest = `exec ${built("guest")} 7000`;
  const world = await World.of(t, {
    noisy: { command: `yes "$(printf %0200d 0)" & ${guest}`, shell: true, listen: [7000] },
    quiet: { command: [built("guest"), "7000"], listen: [7000] },
  });
  const client = world.startClient(built("dial"));
  const logs = join(world.home, "deployments/shop/logs");
  const ask = async (host: string): Promise<string> => {
    client.write(`${host} 7000`);
    return client.line();
  };
  t.is(await ask("noisy"), "life 1");
  const [daemon = 0] = pidsOf(world, /daemon\/main\.js/);
  const [writer = 0] = pidsOf(world, /^yes /);
  const [atFirstMb, writtenBytes, sinceMs] = [peakMb(daemon), written(writer), performance.now()];
  let life = 0;
  // Long enough for the file to have been replaced.
  while (!readdirSync(logs).includes("noisy.log.1") || life < 3) {
    life += 1;
    t.is(await ask("quiet"), `life ${life}`);
    await world.stop("quiet");
    t.is(await ask("noisy"), "life 1");
  }
  const heldMb = (written(writer) - writtenBytes) / 2 ** 20;
  t.log(`${Math.round((heldMb * 1000) / (performance.now() - sinceMs))} MB/s were written`);
  const bytes = readdirSync(logs).map((name) => statSync(join(logs, name)).size);
  t.true(bytes.reduce((sum, size) => sum + size, 0) < logBytesMax);
  t.true(peakMb(daemon) - atFirstMb < daemonGrowthMbMax, `${atFirstMb} → ${peakMb(daemon)} MB`);
  for (const runtime of pidsOf(world, /host-runtime\/main\.js/)) {
    t.true(peakMb(runtime) < runtimeMbMax, `${peakMb(runtime)} MB`);
  }
  await world.stop("noisy");
  await client.finish();
});

function pidsOf(world: World, pattern: RegExp): readonly number[] {
  const matching = world.processes().filter(({ command }) => pattern.test(command));
  return matching.map(({ pid }) => pid);
}

/** Resident memory at its largest. */
function peakMb(pid: number): number {
  return numberIn(`/proc/${pid}/status`, /^VmHWM:\s+(\d+) kB$/m) / 1024;
}

function written(pid: number): number {
  return numberIn(`/proc/${pid}/io`, /^wchar: (\d+)$/m);
}

function numberIn(file: string, pattern: RegExp): number {
  return Number(pattern.exec(readFileSync(file, "latin1"))?.[1]);
}
