/**
 * Which block of the overlay is whose, machine-wide: the holder of block n has bound the abstract
 * Unix socket `im-block-n`. Abstract names belong to the network namespace, as loopback addresses
 * do, and the kernel gives them back when their holders, daemon and keeper, are gone.
 */
import { type Addon, loadAddon } from "../../shim/index.js";
import { ImError } from "../errors/im-error.js";
import { type Custody, noCustody } from "../ports/custody.js";
import { blockBase, blocksMax } from "./layout.js";

export interface AddressBlock {
  readonly index: number;
  readonly base: number;
  release(): void;
}

/** Takes the preferred block where it is free (addresses stay the same), else the first that is. */
export function claimAddressBlock(
  preferred: number | null,
  start: number,
  addon: Addon = loadAddon(),
  custody: Custody = noCustody,
): AddressBlock {
  const others = Array.from({ length: blocksMax }, (_, n) => (start + n) % blocksMax);
  for (const index of preferred === null ? others : [preferred, ...others]) {
    const label = `block ${index}`;
    const lock = custody.recovered(label) ?? addon.bindAbstract(`im-block-${index}`);
    if (lock === null) continue;
    custody.keep(label, lock);
    const release = (): void => {
      custody.drop(label);
      addon.close(lock);
    };
    return { index, base: blockBase(index), release };
  }
  throw new ImError("IM_NO_ADDRESS_BLOCK", {
    what: `all ${blocksMax} address blocks of 127.64.0.0/10 are in use on this machine`,
  });
}
