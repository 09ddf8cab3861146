/**
 * One connect of a client, or one question more over what it has connected, as its program tells it
 * (test/fixtures/soak/client.c).
 */
import { z } from "zod";

const line = z.strictObject({
  host: z.string(),
  step: z.enum(["resolve", "connect", "answer", "again"]),
  /** "answer"; "end", "hang", "unknown name", or the errno's name. */
  outcome: z.string(),
  life: z.int(),
  pid: z.int(),
  fromMs: z.int(),
  tookMs: z.int(),
  /** Before it asked again, over a connection that was answered before; else 0. */
  silentMs: z.int(),
});

export interface Connect extends z.infer<typeof line> {
  /** Which program made it: "shim, blocking". */
  readonly client: string;
}

export function readConnect(text: string, client: string): Connect {
  return { ...line.parse(JSON.parse(text)), client };
}

export function describeConnect(connect: Connect): string {
  const { client, host, step, outcome, fromMs, tookMs, silentMs } = connect;
  const at = new Date(fromMs).toISOString().slice(11, 23);
  const silence = step === "again" ? `, silent for ${silentMs} ms before` : "";
  return `${at} ${host}: ${step} gave ${outcome} after ${tookMs} ms (${client}${silence})`;
}
