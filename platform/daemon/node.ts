/** What all deployments of a daemon share: one node with its clouds, store and connections. */
import type { Addon } from "../../shim/index.js";
import type { Clock } from "../ports/clock.js";
import type { Cloud } from "../ports/cloud.js";
import type { Log } from "../ports/log.js";
import type { Membership } from "../ports/membership.js";
import type { Random } from "../ports/random.js";
import type { Sockets } from "../ports/sockets.js";

export interface Node {
  /** Random, one a daemon: the owner of the claims made here. */
  readonly id: string;
  readonly home: string;
  readonly runtimeDirectory: string;
  readonly nodeSocket: string;
  readonly addon: Addon;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly sockets: Sockets;
  readonly membership: Membership;
  readonly cloud: Cloud;
  /** What the engine has billed a host's environments for, ms. */
  readonly billedMs: (functionName: string, tenantId: string) => number;
}
