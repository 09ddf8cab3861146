/**
 * Values of a manifest's keys. The message of every zod issue here is what was expected, in the
 * author's words; `zod-problems.ts` adds what was received and what to do.
 */
import { z } from "zod";
import { durationOrNeverPattern, durationPattern, parseDuration } from "./durations.js";
import { nameExpected, namePattern } from "./names.js";
import { parseSizeMb, sizePattern } from "./sizes.js";

/** The longest string that Linux passes to a program (MAX_ARG_STRLEN), less NUL and room. */
const textBytesMax = 128 * 1024 - 4096;
export const hostsMax = 24_000;
const portPattern = /^[0-9]{1,5}(?:\/(?:tcp|udp))?$/;
const publishPattern = /^[0-9]{1,5}:[0-9]{1,5}$/;

function isPassable(value: string): boolean {
  return !value.includes("\0") && Buffer.byteLength(value) <= textBytesMax;
}

/** Text that a program can be given. */
function plainText(expected: string) {
  return z
    .string({ error: expected })
    .refine(isPassable, { error: "text without NUL, at most 124 KiB" });
}

/** Text, or a number or boolean that stands for what is written. */
function written(expected: string) {
  return z.union([plainText(expected), z.number({ error: expected }), z.boolean()], {
    error: expected,
  });
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, {
    error: new Intl.ListFormat("en", { type: "disjunction" }).format(values),
  });
}

export function flag() {
  return z.boolean({ error: "true or false" });
}

/** ms; `fromMs` to `toMs`, both allowed. */
export function duration(fromMs: number, toMs: number, expected: string) {
  return z
    .string({ error: expected })
    .regex(durationPattern, { error: expected })
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (typeof ms === "number" && ms >= fromMs && ms <= toMs) return ms;
      context.addIssue({ code: "custom", message: expected });
      return z.NEVER;
    });
}

/** ms, or null for `never`. */
export function durationOrNever() {
  const error = "a duration like 30s, or never";
  return z
    .string({ error })
    .regex(durationOrNeverPattern, { error })
    .transform((text) => parseDuration(text) ?? null);
}

/** MB. */
export function memory() {
  const error = "a size from 128MB to 10240MB, like 512MB";
  return z
    .string({ error })
    .regex(sizePattern, { error })
    .transform((text, context) => {
      const mb = parseSizeMb(text);
      if (mb !== undefined && mb >= 128 && mb <= 10_240) return mb;
      context.addIssue({ code: "custom", message: error });
      return z.NEVER;
    });
}

export function name() {
  return z.string({ error: nameExpected }).regex(namePattern, { error: nameExpected });
}

export function command() {
  const error = "a list of words, or a string";
  const words = z.array(written("a word"), { error }).min(1, { error: "a program, at least" });
  return z.union([words, plainText(error).min(1, { error: "a program, at least" })], { error });
}

export function directory() {
  const error = "a path, absolute or relative to the manifest";
  return plainText(error)
    .min(1, { error })
    .refine((path) => !/^~(?:\/|$)/.test(path), { error });
}

export function listen() {
  const error = 'a port from 1 to 65535, such as 80, "80/tcp" or "53/udp"';
  const element = z
    .union([z.int({ error }).min(1, { error }).max(65_535, { error }), portText(error)], { error })
    .transform((value, context) => {
      const [digits = "", protocol = "tcp"] = String(value).split("/");
      const port = Number(digits);
      if (isPort(port)) return { port, protocol: protocol === "udp" ? "udp" : "tcp" } as const;
      context.addIssue({ code: "custom", message: error });
      return z.NEVER;
    });
  return z.array(element, { error: "a list of ports" });
}

function portText(error: string) {
  return z.string({ error }).regex(portPattern, { error });
}

export function publish() {
  const error = 'a pair of ports, such as "8080:80"';
  const element = z
    .string({ error })
    .refine((text) => !text.endsWith("/udp"), {
      error: `${error}; UDP is not published`,
      abort: true,
    })
    .regex(publishPattern, { error })
    .transform((value, context) => {
      const [from = 0, to = 0] = value.split(":").map(Number);
      if (isPort(from) && isPort(to)) return { from, to };
      context.addIssue({ code: "custom", message: `${error}, each from 1 to 65535` });
      return z.NEVER;
    });
  return z.array(element, { error: 'a list of pairs of ports, such as ["8080:80"]' });
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

/** Names are judged by `check-names.ts`; values are taken as they are written. */
export function environment() {
  return z.record(z.string(), written("text, a number or a boolean"), {
    error: "a map of names to values",
  });
}

export function count() {
  const error = `a whole number from 1 to ${hostsMax}`;
  return z.int({ error }).min(1, { error }).max(hostsMax, { error });
}

export function wakeFrom() {
  return z.array(name(), { error: "a list of host names" });
}

export function files() {
  const error = "a path";
  return z.record(z.string(), plainText(error).min(1, { error }), {
    error: "a map of absolute paths to paths",
  });
}
