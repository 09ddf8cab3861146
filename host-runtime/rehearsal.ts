/**
 * Walks the code of a boot once, with nothing at stake: what V8 compiles and zod builds at its
 * first use is then done before a connection waits for it (measured: 5 ms become 2).
 */
import { Agent } from "node:http";
import { Socket } from "node:net";
import { type BootEvent, supervisorMessage } from "../platform/protocol/environment.js";
import type { Addon } from "../shim/index.js";
import { parseEvent } from "./event.js";
import { encodeStart, parseStatus } from "./init-protocol.js";
import { NodeLink } from "./node-link.js";
import { messageOf, report } from "./report.js";
import { RuntimeApi, runtimeApiClient } from "./runtime-api.js";

const rehearsalMs = 1000;
const rehearsed: BootEvent = {
  version: 1,
  action: "boot",
  deployment: "rehearsal",
  deployId: "rehearsal",
  host: "rehearsal",
  incarnation: 1,
  claim: "rehearsal",
  nodeSocket: "/nonexistent",
  guest: { command: ["rehearsal"], directory: "/", environment: { A: "b" }, preload: false },
  logFile: "/nonexistent",
};

/** Never fails: without it a first boot is slower, and nothing else. */
export async function rehearse(addon: Addon): Promise<void> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), rehearsalMs);
  try {
    const event = parseEvent(await rehearseNext(giveUp.signal));
    if (event.action === "boot") rehearseLife(addon, event);
  } catch (error) {
    report("rehearsal failed", { error: messageOf(error) });
  }
  clearTimeout(timer);
}

function rehearseLife(addon: Addon, event: BootEvent): void {
  const { guest, deployId, host, incarnation, claim } = event;
  encodeStart(guest);
  parseStatus("started 1");
  supervisorMessage.parse({ type: "environment.accepted" });
  const [near, far] = addon.socketPair();
  const link = new NodeLink(addon, near);
  link.listen({ message: () => undefined, closed: () => undefined });
  const identity = { deployId, host, incarnation, claim, bootId: "", pid: process.pid };
  link.send({ type: "environment.started", ...identity }, [far]);
  const received = addon.receivePacket(far);
  if (received !== null && received !== "end") received.descriptors.forEach(addon.close);
  link.close();
  addon.close(far);
}

async function rehearseNext(giveUp: AbortSignal): Promise<string> {
  const client = runtimeApiClient("unix:nowhere", new CannedAgent());
  const api = new RuntimeApi(client, giveUp, 0);
  const invocation = await api.next();
  api.close();
  return invocation?.payload ?? "null";
}

class CannedAgent extends Agent {
  override createConnection(): Socket {
    return new CannedSocket();
  }
}

/** Leads nowhere and answers what the Runtime API would. */
class CannedSocket extends Socket {
  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    const body = JSON.stringify(rehearsed);
    const head = "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: rehearsal\r\n";
    this.push(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    done();
  }
}
