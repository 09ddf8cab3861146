/** The other nodes of a deployment, where several share its store and its cloud. */
import type { GateWord } from "./gate-word.js";

export interface Route {
  readonly node: string;
  readonly host: string;
  /** The host's, IPv4 in host order. */
  readonly address: number;
  /** The newest life of the host that is known here: a node that knows only older ones refuses. */
  readonly incarnation: number;
}

export interface Elsewhere {
  /**
   * Brings over to that node what waits here in the host's queues. false: it cannot be reached, or
   * refuses; then it waits on.
   */
  carry(route: Route): Promise<boolean>;
  /** Until when guests of the host may accept; null: not at present. */
  setGate(address: number, word: GateWord | null): void;
}
