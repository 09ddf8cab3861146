/** Requests held against schemas; what does not fit is answered in the words AWS has for it. */
import type { z } from "zod";
import { LambdaError } from "./lambda-error.js";

type Issue = z.core.$ZodIssue;

/** Never repeated in a message: they may hold secrets, or are long. */
const unspeakable: readonly unknown[] = ["Environment", "Code", "ZipFile"];
const shownCharactersMax = 200;

/** A JSON body in AWS's terms; members that are null count as left out. */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  body: Buffer,
): z.output<Schema> {
  const withoutNulls = (_key: string, value: unknown) => value ?? undefined;
  return validate(schema, parseJson(body, "InvalidParameterValueException", withoutNulls));
}

/** Throws InvalidParameterValueException. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const { issues } = result.error;
  // What a schema says itself is AWS's whole message, as for the size of all variables.
  const own = issues.find(({ code }) => code === "custom");
  if (own !== undefined) throw invalid(own.message);
  const lines = issues.map(describe);
  const count = `${lines.length} validation error${lines.length === 1 ? "" : "s"} detected`;
  throw invalid(`${count}: ${lines.join("; ")}`);
}

export function parseJson(
  body: Buffer,
  refusal: "InvalidParameterValueException" | "InvalidRequestContentException",
  reviver?: (key: string, value: unknown) => unknown,
): unknown {
  try {
    return JSON.parse(body.toString("utf8"), reviver);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LambdaError(refusal, `Could not parse request body into json: ${reason}`);
  }
}

export function invalid(message: string): LambdaError {
  return new LambdaError("InvalidParameterValueException", message);
}

function describe(issue: Issue): string {
  const member = issue.path.map((part) => lowerFirst(String(part))).join(".") || "request";
  const value = unspeakable.includes(issue.path[0]) ? "" : shown(issue.input);
  return `Value${value} at '${member}' failed to satisfy constraint: ${constraint(issue)}`;
}

function shown(input: unknown): string {
  if (input === undefined) return " null";
  const isPlain = typeof input === "string" || typeof input === "number";
  return isPlain ? ` '${String(input).slice(0, shownCharactersMax)}'` : "";
}

function constraint(issue: Issue): string {
  switch (issue.code) {
    case "too_big":
      return `Member must have ${measure(issue.origin)} less than or equal to ${issue.maximum}`;
    case "too_small":
      return `Member must have ${measure(issue.origin)} greater than or equal to ${issue.minimum}`;
    case "invalid_format":
      return issue.format === "regex" && typeof issue["pattern"] === "string"
        ? `Member must satisfy regular expression pattern: ${issue["pattern"].slice(1, -1)}`
        : `Member must be in the format ${issue.format}`;
    case "invalid_value":
      return `Member must satisfy enum value set: [${issue.values.map(String).join(", ")}]`;
    case "invalid_type":
      return issue.input === undefined
        ? "Member must not be null"
        : `Member must be of the type ${issue.expected}`;
    case "invalid_key":
      return `Map keys must satisfy constraint: [${issue.issues.map(constraint).join(", ")}]`;
    default:
      return issue.message;
  }
}

function measure(origin: string): "value" | "length" {
  return origin === "number" || origin === "int" ? "value" : "length";
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
