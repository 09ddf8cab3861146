/** A guest that is told what to do (test/fixtures/process/interpreter.py), and plain connects. */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { fixture, type World } from "../process/world.js";

/** The port on which the guest is told; it makes the host ready. */
export const toldOn = 7000;

/** A host whose guest is the interpreter; it declares these ports besides. */
export function interpreter(ports: readonly number[], first?: string) {
  const command = ["python3", "-u", fixture("interpreter.py"), String(toldOn)];
  return {
    command: first === undefined ? command : [...command, first],
    listen: [toldOn, ...ports],
  };
}

export class Interpreter {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  /** Boots the host, if it is not there. */
  static async of(t: ExecutionContext, world: World, host: string): Promise<Interpreter> {
    const socket = connect({ host: await world.address(host), port: toldOn });
    socket.on("error", () => undefined);
    t.teardown(() => socket.destroy());
    return new Interpreter(socket);
  }

  /** What the code is worth; the answer comes when it has run. */
  async tell(code: string): Promise<unknown> {
    this.#socket.write(`${JSON.stringify(code)}\n`);
    const answer: unknown = JSON.parse(await this.line());
    const wrong = typeof answer === "object" && answer !== null && "error" in answer;
    if (wrong) throw new Error(`${code}: ${String(answer.error)}`);
    return answer;
  }

  /** Written by the guest on its own account. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("the guest is gone");
    return value;
  }

  /** The end of the guest, or of its side of the connection. */
  async ended(): Promise<void> {
    this.#socket.resume();
    if (!this.#socket.destroyed) await new Promise((end) => this.#socket.once("close", end));
  }
}

export interface Call {
  /** Resolves when the connect has succeeded, or failed. */
  readonly connected: Promise<string>;
  /** The first line that came, or why there was none. */
  readonly answer: Promise<string>;
}

/** A connect without the shim. */
export function call(t: ExecutionContext, host: string, port: number): Call {
  const socket = connect({ host, port });
  t.teardown(() => socket.destroy());
  let code = "end";
  let line = "";
  const answer = new Promise<string>((resolve) => {
    socket.on("error", (error) => {
      code = "code" in error ? String(error.code) : error.message;
    });
    socket.on("data", (data) => {
      line += data;
      if (line.includes("\n")) resolve(line.trimEnd());
    });
    socket.once("close", () => resolve(code));
  });
  const connected = new Promise<string>((resolve) => {
    socket.once("connect", () => resolve("connected"));
    socket.once("close", () => resolve(code));
  });
  return { connected, answer };
}

/** Calls until nothing answers any more; returns what was found then. */
export async function untilRefused(t: ExecutionContext, host: string, port: number) {
  for (;;) {
    const { connected, answer } = call(t, host, port);
    const found = await connected;
    if (found !== "connected") return found;
    await answer;
  }
}
