/** Puts hosts to sleep by hand, at random, whatever they are at. */
import { setTimeout as pause } from "node:timers/promises";
import { ImError } from "../platform/errors/im-error.js";
import { untilAborted } from "./killer.js";
import type { SeededRandom } from "./seeded-random.js";

export interface SleeperParts {
  readonly hosts: readonly { readonly name: string }[];
  readonly random: SeededRandom;
  readonly suspend: (host: string) => Promise<void>;
  readonly onAsleep: () => void;
  readonly onWrong: (what: string) => void;
}

const everyMsMax = 1000;
/** Of a refusal, or of sleep; a daemon that is gone refuses at once. */
const answerMsMax = 60_000;

/** Resolves when the signal says that it is enough. */
export async function suspendNowAndThen(parts: SleeperParts, enough: AbortSignal): Promise<void> {
  const { random, hosts } = parts;
  while (!enough.aborted) {
    await pause(random.below(everyMsMax), undefined, { signal: enough }).catch(untilAborted);
    const host = random.pick(hosts);
    if (host !== null && !enough.aborted) suspend(parts, host.name);
  }
}

function suspend({ suspend, onAsleep, onWrong }: SleeperParts, host: string): void {
  const timer = setTimeout(() => onWrong(`im suspend ${host} is not answered`), answerMsMax);
  const settled = suspend(host).then(onAsleep, (error) => {
    // It does not run, is needed just now, or there is no daemon to ask.
    if (!(error instanceof ImError)) onWrong(`im suspend ${host}: ${error}`);
  });
  settled.finally(() => clearTimeout(timer));
}
