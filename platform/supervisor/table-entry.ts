import type { NameTableEntry } from "../ports/name-table.js";
import type { DeclaredHost } from "./declared-host.js";

export function tableEntry(host: DeclaredHost): NameTableEntry {
  return {
    address: host.address,
    name: host.name,
    ports: host.tcpPorts.map((port) => ({ port, mapped: port, protocol: "tcp" })),
  };
}
