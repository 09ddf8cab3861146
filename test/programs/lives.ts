/** Declares, for each server that the machine has, a test of its lives. IM_LIVES says how many. */
import test from "ava";
import { onlyIf } from "../process/requirements.js";
import { DeployedServers } from "./deployed-servers.js";
import { missing } from "./installed.js";
import { type Server, servers } from "./servers.js";

export interface User {
  /** For the titles. */
  readonly called: string;
  readonly isRoot: boolean;
  /** Why nothing can be tested, if so. */
  readonly lacks: readonly string[];
}

const usualLives = 5;
const slowLives = 3;

function livesOf(server: Server): number {
  const asked = Number(process.env["IM_LIVES"] ?? 0);
  if (asked > 0) return asked;
  return server.isSlow === true ? slowLives : usualLives;
}

export function declareLives({ called, isRoot, lacks }: User): void {
  const able = servers.filter((server) => [...lacks, ...missing(server.needs)].length === 0);
  let deployed: DeployedServers | null = null;
  test.before(async (t) => {
    t.timeout(60_000);
    if (able.length > 0) deployed = await DeployedServers.open(able, { isRoot });
  });
  test.after.always(async (t) => {
    t.timeout(60_000);
    await deployed?.close();
  });
  for (const server of servers) {
    const absent = [...lacks, ...missing(server.needs)];
    const lives = livesOf(server);
    const title = `${server.name} ${called} is reached in each of ${lives} lives`;
    onlyIf(absent.length === 0, absent.join(", "))(title, async (t) => {
      if (deployed === null) throw new Error("nothing was deployed");
      await deployed.live(t, server, lives);
    });
  }
}
