import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { EnvironmentHost } from "./environment-contract.js";
import { readEnvironmentRecord } from "./environment-files.js";
import type { EnvironmentRecord } from "./environment-record.js";
import { ProcessTree } from "./process-tree.js";
import { whenPossible } from "./shortage.js";

/**
 * The environments that a killed engine left, dead or alive. One that has no record was not
 * started far enough to be adopted: nothing of it may run beside ours.
 */
export async function readLeftovers(host: EnvironmentHost): Promise<readonly EnvironmentRecord[]> {
  const ids = await readdir(host.environmentsDirectory);
  const records = await Promise.all(ids.map((id) => adoptableOrEnded(id, host)));
  const adoptable = records.filter((record) => record !== null);
  await host.freezer.collect(new Set(adoptable.map(({ id }) => id)));
  return adoptable;
}

async function adoptableOrEnded(
  id: string,
  host: EnvironmentHost,
): Promise<EnvironmentRecord | null> {
  const { environmentsDirectory, runtimeDirectory, clock, log, table } = host;
  const record = await whenPossible(clock, () =>
    readEnvironmentRecord(environmentsDirectory, id, log),
  );
  if (record !== null) return record;
  await new ProcessTree(table, clock, log, id).kill();
  await rm(join(runtimeDirectory, `${id}.sock`), { force: true });
  await rm(join(environmentsDirectory, id), { recursive: true, force: true });
  return null;
}
