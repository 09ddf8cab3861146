import type { InspectionEvent } from "xstate";
import type { Sensing } from "../idle/sensing.js";
import type { Clock } from "../ports/clock.js";
import type { Cloud } from "../ports/cloud.js";
import type { Elsewhere } from "../ports/elsewhere.js";
import type { Guards } from "../ports/guards.js";
import type { Holders } from "../ports/holders.js";
import type { Log } from "../ports/log.js";
import type { HostRecord, Membership } from "../ports/membership.js";
import type { NameTable } from "../ports/name-table.js";
import type { Random } from "../ports/random.js";
import type { Sockets } from "../ports/sockets.js";
import type { Sighting } from "./follow.js";
import type { Origins } from "./origins.js";

/** Everything through which a supervisor sees and changes the world. */
export interface SupervisorPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly membership: Membership;
  readonly cloud: Cloud;
  readonly sockets: Sockets;
  readonly holders: Holders;
  readonly guards: Guards;
  /** One for all hosts of the node. */
  readonly sensing: Sensing;
  readonly nameTable: NameTable;
  /** Absent where no other node shares the store. */
  readonly elsewhere?: Elsewhere;
  /** Sees what the machines of all hosts do: the measure of a simulation. */
  readonly inspect?: (event: InspectionEvent) => void;
  /** Called at each step of a life, by name: where tests break things. */
  readonly reached: (step: string, host: string) => void;
}

/** By both clocks: a machine that was away shows in how they have parted. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** What the actors of hosts are made with. */
export interface HostActorContext {
  readonly ports: SupervisorPorts;
  readonly deployId: string;
  readonly nodeId: string;
  /** When each record that a write of ours brought about was sent. */
  readonly sentAt: WeakMap<HostRecord, Moment>;
  /** Of hosts that other nodes have. */
  readonly sightings: Map<string, Sighting>;
}

export interface SupervisorContext extends HostActorContext {
  readonly origins: Origins;
  /** What is bound for some declared port has changed. */
  readonly onMapped: () => void;
}
