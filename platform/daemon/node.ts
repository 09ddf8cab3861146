/** What all deployments of a daemon share: one node with its clouds, store and connections. */
import type { Addon } from "../../shim/index.js";
import type { Sensing } from "../idle/sensing.js";
import type { Clock } from "../ports/clock.js";
import type { Cloud, CloudEnvironment } from "../ports/cloud.js";
import type { Custody } from "../ports/custody.js";
import type { Guards } from "../ports/guards.js";
import type { Holders } from "../ports/holders.js";
import type { Log } from "../ports/log.js";
import type { Membership } from "../ports/membership.js";
import type { Random } from "../ports/random.js";
import type { Sockets } from "../ports/sockets.js";

export interface NodeCustody extends Custody {
  /** Resolves when everything that was given away has been taken. */
  flushed(): Promise<void>;
}

export interface Node {
  /** Random, one a home: the owner of the claims made here, also by a daemon that died. */
  readonly id: string;
  readonly home: string;
  readonly runtimeDirectory: string;
  readonly nodeSocket: string;
  readonly addon: Addon;
  /** What outlives this process. */
  readonly custody: NodeCustody;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly sockets: Sockets;
  readonly holders: Holders;
  readonly guards: Guards;
  readonly sensing: Sensing;
  readonly membership: Membership;
  readonly cloud: Cloud;
  /** Of functions that are created from now on, 900 at most. */
  readonly timeoutSeconds: number;
  /** By name, all that the engine has. */
  readonly environments: () => ReadonlyMap<string, CloudEnvironment>;
  /** Claims that the engine has an event of, waiting or under way. */
  readonly invoked: () => ReadonlySet<string | null>;
  /** Called at each step of a life, by name. */
  readonly reached: (step: string, host: string) => void;
  /** What the engine has billed a host's environments for, ms. */
  readonly billedMs: (functionName: string, tenantId: string) => number;
}
