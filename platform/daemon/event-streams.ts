import type { ServerResponse } from "node:http";
import type { DaemonService, LifecycleEvent } from "./service.js";

/** A reader that has stopped reading is cut off at this many bytes, before it costs memory. */
const backlogBytesMax = 16 * 1024 * 1024;

interface Stream {
  readonly response: ServerResponse;
  readonly unsubscribe: () => void;
}

/** Everybody who follows the events of a deployment, as NDJSON. */
export class EventStreams {
  readonly #service: Pick<DaemonService, "events" | "onEvent">;
  readonly #streams = new Map<string, Set<Stream>>();

  constructor(service: Pick<DaemonService, "events" | "onEvent">) {
    this.#service = service;
  }

  follow(deployment: string, response: ServerResponse, withPast: boolean): void {
    // Past and future are taken in one turn of the loop: no event is lost or doubled between them.
    const past = withPast ? this.#service.events(deployment) : [];
    const unsubscribe = this.#service.onEvent(deployment, (event) => send(response, [event]));
    const stream: Stream = { response, unsubscribe };
    const streams = this.#streams.get(deployment) ?? new Set();
    this.#streams.set(deployment, streams.add(stream));
    response.once("close", () => this.#forget(deployment, stream));
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    response.flushHeaders();
    send(response, past);
  }

  /** The deployment is no more: nothing will follow. */
  end(deployment: string): void {
    for (const { response } of this.#streams.get(deployment) ?? []) response.end();
  }

  endAll(): void {
    for (const deployment of this.#streams.keys()) this.end(deployment);
  }

  #forget(deployment: string, stream: Stream): void {
    stream.unsubscribe();
    const streams = this.#streams.get(deployment);
    streams?.delete(stream);
    if (streams?.size === 0) this.#streams.delete(deployment);
  }
}

function send(response: ServerResponse, events: readonly LifecycleEvent[]): void {
  if (events.length === 0 || response.writableEnded) return;
  response.write(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
  if (response.writableLength > backlogBytesMax) response.destroy();
}
