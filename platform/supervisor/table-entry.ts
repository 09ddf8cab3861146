import type { NameTableEntry } from "../ports/name-table.js";
import type { SupervisedHost } from "./supervised-host.js";

/** What shims are told of a host. */
export function tableEntry(host: SupervisedHost): NameTableEntry {
  const { address, name, listen } = host.declared;
  return {
    address,
    name,
    ports: listen.map((port) => ({ ...port, mapped: host.mappedPort(port) })),
  };
}
