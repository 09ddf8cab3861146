/**
 * A life in this very process, for what a whole environment would make one wait for. Its end ends
 * every child of the process: no environment may run beside it.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { GuestInit } from "../../host-runtime/guest-init.js";
import { Life, type LifeParts, type LifeResult } from "../../host-runtime/life.js";
import { loadAddon } from "../../shim/index.js";
import { type FakePeer, FakeSupervisor } from "./fake-supervisor.js";

/** Says that it is ready, and ends with code 5 when it is told to end. */
const script = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done";

export interface LifeHere {
  readonly supervisor: FakeSupervisor;
  readonly peer: FakePeer;
  readonly life: Life;
  readonly over: Promise<LifeResult>;
}

/** When its guest has said that it is ready. */
export async function lifeHere(
  t: ExecutionContext,
  patience: Pick<LifeParts, "awayMs" | "uninvokedMs">,
): Promise<LifeHere> {
  const directory = mkdtempSync(join(tmpdir(), "im-life-"));
  const addon = loadAddon();
  const nodeSocket = join(directory, "node.sock");
  const supervisor = new FakeSupervisor(addon, nodeSocket);
  const init = GuestInit.prepare(addon, { PATH: "/usr/bin:/bin" });
  t.teardown(async () => {
    supervisor.close();
    await init.discard();
    rmSync(directory, { recursive: true });
  });
  const logFile = join(directory, "web.log");
  const life = new Life(
    {
      version: 1,
      action: "boot",
      deployment: "shop",
      deployId: "deploy-1",
      host: "web",
      incarnation: 1,
      claim: "claim-1",
      nodeSocket,
      guest: { command: ["/bin/sh", "-c", script], directory, environment: {}, preload: false },
      logFile,
    },
    {
      addon,
      init,
      bootId: "boot-1",
      inherited: {},
      stop: new AbortController().signal,
      ...patience,
    },
  );
  const over = life.run();
  const peer = await supervisor.peers.next();
  await peer.expect("environment.started");
  peer.send({ type: "environment.accepted" });
  await peer.expect("guest.started");
  while (!said(logFile).includes(" out ready\n")) await new Promise(setImmediate);
  return { supervisor, peer, life, over };
}

function said(logFile: string): string {
  try {
    return readFileSync(logFile, "utf8");
  } catch {
    return "";
  }
}
