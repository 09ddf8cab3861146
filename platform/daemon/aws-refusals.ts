/**
 * What cannot work on AWS yet: a function cannot be reached from outside, so a connect here reaches
 * no host there before nodes can carry connections to one another.
 */
import { ImError } from "../errors/im-error.js";
import type { Manifest } from "../manifest/manifest.js";

const missing = "the overlay between nodes, which a later version brings";

/** Wherever such a deployment is shown. */
export const noHostBoots = `No host boots there yet: a connect from elsewhere needs ${missing}.`;

/** For every command that would have to reach or boot a host of such a deployment. */
export function notReachable(deployment: string, region: string): ImError {
  return new ImError("IM_CLOUD_UNAVAILABLE", {
    what: `no host of ${deployment} can be reached from here: it is deployed on AWS (${region})`,
    expected: "a deployment on the local cloud",
    received: `one on AWS, where a connect from another node needs ${missing}`,
    fix: "only `im status` and `im down` work on it; run it here with `im deploy --cloud local`",
  });
}

/** A published port is this machine's end of a connection to a host. */
export function refusePublished({ classes }: Manifest): void {
  for (const { name, publish } of classes) {
    const [first] = publish;
    if (first === undefined) continue;
    throw new ImError("IM_CLOUD_UNAVAILABLE", {
      what: `${name} cannot publish a port of this machine while it lives on AWS`,
      expected: "no `publish`",
      received: `${first.from}:${first.to}, which needs ${missing}`,
      fix: "remove `publish`, or deploy with `--cloud local`",
    });
  }
}

/** One name means one deployment to `im status`, `im down` and the others. */
export function alreadyDeployed(deployment: string, where: string, wanted: string): ImError {
  return new ImError("IM_USAGE", {
    what: `${deployment} is deployed already, elsewhere`,
    expected: wanted,
    received: where,
    fix: `end it with \`im down --deployment ${deployment}\` first`,
  });
}
