/**
 * One program's membership in the node: the packet socket of `platform/protocol/environment.ts`,
 * seen from `im run`. Answers are checked by hand: loading zod would cost more than all the rest.
 */
import type { Addon, ReceivedMessage } from "../../shim/index.js";
import { decodeError } from "../daemon/error-codec.js";
import { unreachable } from "../daemon/health.js";
import { requireTrustedServer } from "../daemon/peer-check.js";
import type { ImError } from "../errors/im-error.js";
import type { EnvironmentMessage, SupervisorMessage } from "../protocol/environment.js";

export type ClientStarted = Extract<EnvironmentMessage, { type: "client.started" }>;
type Answer = Extract<SupervisorMessage, { type: "client.accepted" | "client.refused" }>;

export interface NodeMembership {
  /** What the shim must find in the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The guest's end of the control pair, for the program to inherit. */
  readonly guestControl: number;
  /** The program has its end now: drops ours, so that only the program's processes hold it. */
  handOver(): void;
  leave(): void;
}

/** Nothing else is the supervisor's to set: LD_PRELOAD least of all. */
const variablePattern = /^IM_[A-Z_]+$/;
const answerMsMax = 10_000;
/** The supervisor's queue may be full for a moment when many programs start at once. */
const busyRetryMs = 10;

export async function joinNode(
  addon: Addon,
  nodeSocket: string,
  message: ClientStarted,
): Promise<NodeMembership> {
  const deadlineMs = performance.now() + answerMsMax;
  const open = new Set<number>();
  const close = (descriptor: number): void => {
    if (open.delete(descriptor)) addon.close(descriptor);
  };
  const leave = (): void => {
    for (const descriptor of open) close(descriptor);
  };
  try {
    const node = await whileBusy(deadlineMs, () => addon.connectPackets(nodeSocket));
    open.add(node);
    // What it answers decides what the program is run with.
    requireTrustedServer(addon.peerCredentials(node).uid, process.getuid?.() ?? 0);
    // Ours stays open as long as the program runs: what it asks while the supervisor is being
    // restarted waits here instead of failing.
    const [supervisorControl, guestControl] = addon.socketPair();
    open.add(supervisorControl).add(guestControl);
    const packet = Buffer.from(JSON.stringify(message));
    await whileBusy(deadlineMs, () => addon.sendPacket(node, packet, [supervisorControl]));
    const answer = await receive(addon, node, deadlineMs);
    if (answer.type === "client.refused") throw refusal(answer.error, message);
    const { environment } = answer;
    return { environment, guestControl, handOver: () => close(guestControl), leave };
  } catch (error) {
    leave();
    throw isSystemError(error) ? unreachable(error) : error;
  }
}

async function whileBusy<Result>(deadlineMs: number, call: () => Result): Promise<Result> {
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (!isSystemError(error) || error.code !== "EAGAIN") throw error;
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, busyRetryMs));
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
        else if (received === "end") fail("the supervisor hung up");
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

/** null: not one of the two answers to `client.started`. */
export function decodeAnswer(packet: Buffer): Answer | null {
  let body: unknown;
  try {
    body = JSON.parse(packet.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (!isRecord(body)) return null;
  if (body["type"] === "client.accepted" && isRecord(body["environment"])) {
    const environment: Record<string, string> = {};
    for (const [name, value] of Object.entries(body["environment"])) {
      if (typeof value !== "string" || !variablePattern.test(name)) return null;
      environment[name] = value;
    }
    return { type: "client.accepted", environment };
  }
  if (body["type"] !== "client.refused" || !isRecord(body["error"])) return null;
  const { code, message } = body["error"];
  if (typeof code !== "string" || typeof message !== "string") return null;
  return { type: "client.refused", error: { code, message } };
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

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
