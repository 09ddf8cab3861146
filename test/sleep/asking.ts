/** A client without a shim: HTTP to an address of the overlay. */
import { get, type IncomingMessage } from "node:http";

/** One request on a connection of its own; resolves with the whole answer. */
export async function ask(host: string, port: number, path: string): Promise<string> {
  let body = "";
  for await (const part of await answered(host, port, path)) body += String(part);
  return body;
}

/** The answer as it comes: as fast as it is read. */
export function answered(host: string, port: number, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host, port, path, agent: false }, resolve).once("error", reject);
  });
}
