import { chmod, rm } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { ImError } from "../../platform/errors/im-error.js";
import { type Credentials, SignatureCheck } from "../signature/signature-check.js";
import { type ControlApiOptions, createControlApi } from "./control-api.js";

export interface TcpOptions {
  /** On 127.0.0.1; 0: any that is free. */
  readonly port: number;
  readonly credentials: Credentials;
}

export interface Listening {
  /** URL on TCP; null: it is on the Unix socket only. */
  readonly endpoint: string | null;
  close(): Promise<void>;
}

type Control = Omit<ControlApiOptions, "signatures">;

/** Rejects with `ImError` IM_PORT_TAKEN or IM_PORT_FORBIDDEN, and then listens nowhere. */
export async function listen(
  control: Control,
  socketPath: string,
  tcp: TcpOptions | undefined,
): Promise<Listening> {
  const api = createControlApi({ ...control, signatures: null });
  await rm(socketPath, { force: true });
  await api.listen({ path: socketPath });
  await chmod(socketPath, 0o600);
  const close = async () => {
    await api.close();
    await rm(socketPath, { force: true });
  };
  if (tcp === undefined) return { endpoint: null, close };
  const { credentials, port } = tcp;
  const { region, clock } = control;
  const signatures = new SignatureCheck({ credentials, region, service: "lambda", clock });
  const signed = createControlApi({ ...control, signatures });
  const closeBoth = async () => {
    await signed.close();
    await close();
  };
  try {
    return { endpoint: await listenOn(signed, port), close: closeBoth };
  } catch (error) {
    await closeBoth();
    throw error;
  }
}

async function listenOn(api: FastifyInstance, port: number): Promise<string> {
  try {
    return await api.listen({ host: "127.0.0.1", port });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    throw new ImError(code === "EACCES" ? "IM_PORT_FORBIDDEN" : "IM_PORT_TAKEN", {
      what: `the embedded Lambda cannot listen on 127.0.0.1:${port}`,
      received: code,
      cause: error,
    });
  }
}
