/** A client without a shim that keeps one connection and speaks in lines. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

export class LineClient {
  readonly closed: Promise<unknown>;
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  static async open(host: string, port: number): Promise<LineClient> {
    const socket = connect({ host, port });
    await once(socket, "connect");
    return new LineClient(socket);
  }

  /** Says a line and resolves with the next one that comes. */
  ask(text: string): Promise<string> {
    this.#socket.write(`${text}\r\n`);
    return this.line();
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("the connection was closed");
    return value;
  }

  /** With a FIN. */
  end(): void {
    this.#socket.end();
  }

  /** With a RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }
}
