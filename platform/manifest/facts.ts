import { z } from "zod";
import * as fields from "./fields.js";

/**
 * What the checks across keys need, read so that a mistake in one key hides nothing about the
 * others: null is a value that is wrong and was reported already.
 */
const anyMap = z.record(z.string(), z.unknown());
const hostFacts = z
  .object({
    command: fields.command().nullable().catch(null),
    shell: fields.flag().default(false).catch(false),
    listen: z.array(fields.listen().element.nullable().catch(null)).default([]).catch([null]),
    publish: z.array(fields.publish().element.nullable().catch(null)).default([]).catch([]),
    count: fields.count().nullable().default(null).catch(null),
    ready: z.string().nullable().default(null).catch(null),
    environment: anyMap.default({}).catch({}),
  })
  .nullable()
  .catch(null);

const manifestFacts = z
  .object({
    defaults: z
      .object({ environment: anyMap.default({}).catch({}) })
      .nullable()
      .catch(null),
    hosts: z.record(z.string(), hostFacts).catch({}),
  })
  .catch({ defaults: null, hosts: {} });

export type HostFacts = NonNullable<z.output<typeof hostFacts>>;

export interface ManifestFacts {
  /** In the order of the manifest; those that are maps at all. */
  readonly hosts: ReadonlyMap<string, HostFacts>;
  /** Every name that was given to a host. */
  readonly names: readonly string[];
  readonly defaultEnvironment: Readonly<Record<string, unknown>>;
}

export function readFacts(root: unknown): ManifestFacts {
  const facts = manifestFacts.parse(root);
  const hosts = new Map<string, HostFacts>();
  for (const [name, host] of Object.entries(facts.hosts)) {
    if (host !== null) hosts.set(name, host);
  }
  return {
    hosts,
    names: Object.keys(facts.hosts),
    defaultEnvironment: facts.defaults?.environment ?? {},
  };
}
