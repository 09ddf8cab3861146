/** The shape of a manifest: every key of SURFACE.md, also those that `unsupported.ts` refuses. */
import { z } from "zod";
import * as fields from "./fields.js";
import { describeKey } from "./key-texts.js";
import { namePattern } from "./names.js";

const minuteMs = 60_000;

const idle = z
  .strictObject(
    {
      after: fields.durationOrNever().optional().meta(describeKey("after")),
      terminateAfter: fields.durationOrNever().optional().meta(describeKey("terminateAfter")),
      inFlightMax: fields.durationOrNever().optional().meta(describeKey("inFlightMax")),
      timers: fields.oneOf(["ignore", "honor"]).optional().meta(describeKey("timers")),
    },
    { error: "a map such as {after: 30s, terminateAfter: 10m}" },
  )
  .optional()
  .meta(describeKey("idle"));

const everyExpected = "a duration from 1s, like 5m";
const wake = z
  .strictObject(
    {
      every: fields
        .duration(1000, Number.MAX_SAFE_INTEGER, everyExpected)
        .meta(describeKey("every")),
    },
    { error: "a map such as {every: 5m}" },
  )
  .optional()
  .meta(describeKey("wake"));

/** Keys that a host may have, and `defaults` for all of them. */
const sharedKeys = {
  directory: fields.directory().optional().meta(describeKey("directory")),
  environment: fields.environment().optional().meta(describeKey("environment")),
  memory: fields.memory().optional().meta(describeKey("memory")),
  bootTimeout: fields
    .duration(100, 15 * minuteMs, "a duration from 100ms to 15m, like 30s")
    .optional()
    .meta(describeKey("bootTimeout")),
  stopGrace: fields
    .duration(0, 15 * minuteMs, "a duration from 0s to 15m, like 10s")
    .optional()
    .meta(describeKey("stopGrace")),
  ready: fields.oneOf(["listen", "exec"]).optional().meta(describeKey("ready")),
  intercept: fields
    .oneOf(["auto", "preload", "trap", "none"])
    .optional()
    .meta(describeKey("intercept")),
  placement: fields.oneOf(["function", "local"]).optional().meta(describeKey("placement")),
  prewarm: fields.oneOf(["on", "off"]).optional().meta(describeKey("prewarm")),
  idle,
  wakeFrom: fields.wakeFrom().optional().meta(describeKey("wakeFrom")),
  files: fields.files().optional().meta(describeKey("files")),
  wake,
} as const;

const defaults = z.strictObject(sharedKeys, { error: "a map of keys that every host takes over" });

const host = z.strictObject(
  {
    command: fields.command().meta(describeKey("command")),
    shell: fields.flag().optional().meta(describeKey("shell")),
    listen: fields.listen().optional().meta(describeKey("listen")),
    publish: fields.publish().optional().meta(describeKey("publish")),
    count: fields.count().optional().meta(describeKey("count")),
    ...sharedKeys,
  },
  { error: "a map with at least `command`" },
);

const hosts = z
  .record(z.string(), host, { error: "a map of host names to hosts" })
  .refine((map) => Object.keys(map).length > 0, { error: "at least one host" });

export const manifestSchema = z.strictObject(
  {
    deployment: fields.name().meta(describeKey("deployment")),
    defaults: defaults.optional().meta(describeKey("defaults")),
    hosts: hosts.meta({
      ...describeKey("hosts"),
      propertyNames: { pattern: namePattern.source },
      minProperties: 1,
    }),
  },
  { error: "a map with `deployment` and `hosts`" },
);

export type ManifestInput = z.output<typeof manifestSchema>;
export type HostInput = z.output<typeof host>;
export type DefaultsInput = z.output<typeof defaults>;

const idleKeys = Object.keys(idle.unwrap().shape);
const wakeKeys = Object.keys(wake.unwrap().shape);

/** Keys that are known where a path leads: what an unknown key can have been meant to be. */
export function keysKnownAt(path: readonly (string | number)[]): readonly string[] {
  const last = path.at(-1);
  const depth = path[0] === "hosts" ? 2 : 1;
  if (path.length === 0) return Object.keys(manifestSchema.shape);
  if (path.length > depth) return last === "idle" ? idleKeys : wakeKeys;
  return Object.keys(path[0] === "hosts" ? host.shape : defaults.shape);
}

/** JSON Schema (draft 7, what editors know) of what people write. */
export function manifestJsonSchema(): object {
  const schema = z.toJSONSchema(manifestSchema, { io: "input", target: "draft-7" });
  return { title: "Imaginary Machines manifest", ...schema };
}
