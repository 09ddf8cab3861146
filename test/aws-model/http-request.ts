/** Requests as the protocol `rest-json` puts them on the wire, without a client's own checks. */
import { type Dispatcher, request } from "undici";
import { shapeOf } from "./boundaries.js";
import type { Model, Operation } from "./lambda-model.js";
import type { Input } from "./request-variations.js";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export async function send(
  model: Model,
  operation: Operation,
  input: Input,
  dispatcher: Dispatcher,
): Promise<Answer> {
  const { path, headers, body } = serialise(model, operation, input);
  const method = operation.http.method;
  const options = { method: methodOf(method), headers, dispatcher, body };
  const answer = await request(`http://lambda${path}`, options);
  const flat = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(flat),
    body: Buffer.from(await answer.body.arrayBuffer()),
  };
}

function serialise(model: Model, operation: Operation, input: Input) {
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  const body: Record<string, unknown> = {};
  let path = operation.http.requestUri;
  const shape = operation.input === undefined ? undefined : shapeOf(model, operation.input);
  for (const [name, value] of Object.entries(input)) {
    const member = shape?.members[name];
    const wire = member?.locationName ?? name;
    if (value === undefined || name === shape?.payload) continue;
    if (member?.location === "uri")
      path = path.replace(`{${wire}}`, encodeURIComponent(`${value}`));
    else if (member?.location === "header") headers[wire] = String(value);
    else if (member?.location === "querystring") {
      for (const each of [value].flat()) query.append(wire, String(each));
    } else body[name] = value;
  }
  const payload = shape?.payload === undefined ? undefined : input[shape.payload];
  return {
    path: query.size === 0 ? path : `${path}?${query}`,
    headers,
    body: bodyOf(payload, body, operation),
  };
}

function bodyOf(payload: unknown, body: object, { http }: Operation): string | null {
  if (typeof payload === "string") return payload;
  return http.method === "GET" || http.method === "DELETE" ? null : JSON.stringify(body);
}

function methodOf(method: string): Dispatcher.HttpMethod {
  if (method === "GET" || method === "POST" || method === "PUT" || method === "DELETE") {
    return method;
  }
  throw new Error(`the method ${method} is not known`);
}
