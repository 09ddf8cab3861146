/**
 * One program's membership in the node: the packet socket of `platform/protocol/environment.ts`,
 * seen from `im run`. A supervisor that is killed meanwhile is waited for.
 */
import type { Addon, ReceivedMessage } from "../../shim/index.js";
import { decodeError } from "../daemon/error-codec.js";
import { unreachable } from "../daemon/health.js";
import { requireTrustedServer } from "../daemon/peer-check.js";
import type { ImError } from "../errors/im-error.js";
import type { EnvironmentMessage } from "../protocol/environment.js";
import { NodeAbsence } from "./node-absence.js";
import { type Answer, decodeAnswer } from "./node-answer.js";
import { NodePresence } from "./node-presence.js";

export type ClientStarted = Extract<EnvironmentMessage, { type: "client.started" }>;

export interface NodeMembership {
  /** What the shim must find in the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The guest's end of the control pair, for the program to inherit. */
  readonly guestControl: number;
  /** The program has its end now: drops ours, so that only the program's processes hold it. */
  handOver(): void;
  leave(): void;
}

const answerMsMax = 10_000;

export async function joinNode(
  addon: Addon,
  nodeSocket: string,
  message: ClientStarted,
): Promise<NodeMembership> {
  const [supervisorControl, guestControl] = addon.socketPair();
  let guestHolds = false;
  const handOver = (): void => {
    if (!guestHolds) addon.close(guestControl);
    guestHolds = true;
  };
  try {
    const { node, environment } = await enter(addon, nodeSocket, message, supervisorControl);
    const { deployment, as, program, pid } = message;
    const address = environment["IM_ADDRESS"] ?? "";
    const presence = new NodePresence(node, {
      addon,
      nodeSocket,
      message: { type: "client.resumed", deployment, as, program, pid, address },
      control: supervisorControl,
    });
    const leave = (): void => {
      handOver();
      presence.close();
    };
    return { environment, guestControl, handOver, leave };
  } catch (error) {
    handOver();
    addon.close(supervisorControl);
    throw isSystemError(error) || error instanceof HungUp ? unreachable(error) : error;
  }
}

/** The supervisor is gone, or went while it was asked. */
class HungUp extends Error {
  readonly code = "ECONNRESET";
}

interface Entered {
  readonly node: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** Asks until a supervisor has answered. */
async function enter(
  addon: Addon,
  nodeSocket: string,
  message: ClientStarted,
  control: number,
): Promise<Entered> {
  const deadlineMs = performance.now() + answerMsMax;
  const absence = new NodeAbsence({ awayMs: answerMsMax });
  for (;;) {
    let node: number | null = null;
    try {
      node = addon.connectPackets(nodeSocket);
      // What it answers decides what the program is run with.
      requireTrustedServer(addon.peerCredentials(node).uid, process.getuid?.() ?? 0);
      addon.sendPacket(node, Buffer.from(JSON.stringify(message)), [control]);
      const answer = await receive(addon, node, deadlineMs);
      if (answer.type === "client.refused") throw refusal(answer.error, message);
      return { node, environment: answer.environment };
    } catch (error) {
      if (node !== null) addon.close(node);
      const pauseMs = absence.pauseAfter(error);
      if (pauseMs === null) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

function receive(addon: Addon, node: number, deadlineMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      addon.unwatch(node);
      settle();
    };
    const fail = (why: string): void => finish(() => reject(unreachable(new Error(why))));
    const onReadable = (): void => {
      try {
        const received = addon.receivePacket(node);
        if (received === null) addon.rearm(node);
        else if (received === "end") finish(() => reject(new HungUp("the supervisor hung up")));
        else accept(received);
      } catch (error) {
        finish(() => reject(error));
      }
    };
    const accept = ({ data, descriptors }: ReceivedMessage): void => {
      for (const descriptor of descriptors) addon.close(descriptor);
      const answer = decodeAnswer(data);
      if (answer === null) fail("the supervisor sent an answer that is not its own");
      else finish(() => resolve(answer));
    };
    const waitMs = deadlineMs - performance.now();
    const timer = setTimeout(() => fail(`no answer within ${answerMsMax} ms`), waitMs);
    addon.watch(node, onReadable);
  });
}

/** A refusal is short: which host was asked for is known here. */
function refusal(
  { code, message }: { readonly code: string; readonly message: string },
  { deployment, as }: ClientStarted,
): ImError {
  const isHost = code === "IM_NO_HOST" && as !== null;
  const names = isHost ? { expected: `a host of ${deployment}`, received: `\`${as}\`` } : {};
  return decodeError({ code, details: { what: message, ...names } });
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}
