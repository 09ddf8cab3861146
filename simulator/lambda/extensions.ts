import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { headerOf, readBody, refuse, reply } from "./runtime-http.js";

const requestBytesMax = 64 * 1024;
const registration = z.object({ events: z.array(z.enum(["INVOKE", "SHUTDOWN"])).default([]) });

export interface ExtensionsHost {
  /** Of the function, as far as it is known. */
  readonly about: { readonly functionName: string | null; readonly handler: string };
  /** The runtime has not asked for an event yet: extensions may still register. */
  readonly initialising: () => boolean;
  /** One waits that did not, or the other way round. */
  changed(): void;
}

interface Extension {
  readonly wantsInvoke: boolean;
  waiting: ServerResponse | null;
}

/**
 * The Extensions API for what the runtime's own processes register, internal extensions in AWS's
 * words; external ones come in layers, which there are none of here. What a registration gives is
 * SIGTERM before SIGKILL, and a say in when the environment has nothing to do.
 */
export class Extensions {
  readonly #extensions = new Map<string, Extension>();
  #adopted = false;

  constructor(private readonly host: ExtensionsHost) {}

  get registered(): boolean {
    return this.#extensions.size > 0;
  }

  /** All of them wait for an event. */
  get quiet(): boolean {
    return [...this.#extensions.values()].every(({ waiting }) => waiting !== null);
  }

  /** The engine that they registered with is gone: those who ask are believed. */
  adopt(): void {
    this.#adopted = true;
  }

  invoked(event: object): void {
    for (const extension of this.#extensions.values()) {
      if (!extension.wantsInvoke || extension.waiting === null) continue;
      const response = extension.waiting;
      extension.waiting = null;
      reply(response, 200, { eventType: "INVOKE", ...event });
    }
  }

  async handle(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = `${request.method} ${path}`;
    if (call === "POST register") return this.#register(request, response);
    if (call === "GET event/next") return this.#next(request, response);
    refuse(response, 404, "NotFound", "no such resource");
  }

  async #register(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, requestBytesMax);
    const refusal = (type: string, message: string) => refuse(response, 403, type, message);
    if (headerOf(request, "lambda-extension-name") === null) {
      return refusal("Extension.InvalidExtensionName", "Lambda-Extension-Name is missing");
    }
    if (!this.host.initialising()) {
      return refusal("Extension.RegistrationClosed", "the initialisation is over");
    }
    const wanted = body === null ? null : parseEvents(body);
    if (wanted === null) return refusal("InvalidRequestFormat", "not a list of events");
    if (wanted.includes("SHUTDOWN")) {
      const type = "ShutdownEventNotSupportedForInternalExtension";
      return refusal(type, "SHUTDOWN is for external extensions");
    }
    const id = randomUUID();
    this.#extensions.set(id, { wantsInvoke: wanted.includes("INVOKE"), waiting: null });
    const { functionName, handler } = this.host.about;
    const about = { functionName: functionName ?? "", functionVersion: "$LATEST", handler };
    reply(response, 200, about, { "Lambda-Extension-Identifier": id });
  }

  #next(request: IncomingMessage, response: ServerResponse): void {
    const id = headerOf(request, "lambda-extension-identifier");
    if (id === null) {
      const type = "Extension.MissingExtensionIdentifier";
      refuse(response, 403, type, "Lambda-Extension-Identifier is missing");
      return;
    }
    if (this.#adopted && !this.#extensions.has(id)) {
      this.#extensions.set(id, { wantsInvoke: true, waiting: null });
    }
    const extension = this.#extensions.get(id);
    if (extension === undefined || extension.waiting !== null) {
      const type = "Extension.UnknownExtensionIdentifier";
      refuse(response, 403, type, "nobody registered under it, or it waits already");
      return;
    }
    extension.waiting = response;
    response.on("close", () => {
      if (extension.waiting !== response) return;
      extension.waiting = null;
      this.host.changed();
    });
    this.host.changed();
  }
}

/** null: not what AWS's model allows. */
function parseEvents(body: Buffer): readonly string[] | null {
  try {
    const parsed = registration.safeParse(JSON.parse(body.toString("utf8") || "{}"));
    return parsed.success ? parsed.data.events : null;
  } catch {
    // Not even JSON.
    return null;
  }
}
