/** What is said of a deployment or a host that is not there, by the daemon and by its callers. */
import { ImError } from "../errors/im-error.js";

const namesShownMax = 8;

/** `name` is null where none was given. */
export function noDeployment(name: string | null, deployed: readonly string[]): ImError {
  const details = {
    what: name === null ? "nothing is deployed" : `no deployment is called ${quoted(name)}`,
    received: name === null ? "none" : quoted(name),
  };
  if (deployed.length === 0) {
    return new ImError("IM_NO_DEPLOYMENT", { ...details, expected: "a deployment" });
  }
  const fix = "name one that is deployed with `--deployment <name>`, or deploy this one";
  return new ImError("IM_NO_DEPLOYMENT", { ...details, expected: oneOf(deployed), fix });
}

export function noHost(deployment: string, name: string, expected: string): ImError {
  return new ImError("IM_NO_HOST", {
    what: `there is no host ${quoted(name)} in ${deployment}`,
    expected,
    received: quoted(name),
  });
}

export function oneOf(names: readonly string[]): string {
  const more = names.length - namesShownMax;
  const shown = names.slice(0, namesShownMax).join(", ");
  return `one of ${shown}${more > 0 ? ` and ${more.toLocaleString("en")} more` : ""}`;
}

/** Whatever somebody typed: nothing in it steers a terminal. */
function quoted(name: string): string {
  return `\`${JSON.stringify(name).slice(1, -1)}\``;
}
