import { isErrorCode } from "../errors/catalogue.js";
import { ImError } from "../errors/im-error.js";
import { formatAddress } from "../network/layout.js";
import type { SupervisedHost } from "./supervised-host.js";

/** Why a host did not boot, for whoever asked for it by name. */
export function failureError(host: SupervisedHost): ImError {
  const { failure } = host;
  const code = failure?.code ?? "";
  return new ImError(isErrorCode(code) ? code : "IM_INTERNAL", {
    what: `${host.declared.name} (${formatAddress(host.declared.address)}) did not boot`,
    received: failure?.message ?? "no reason was given",
  });
}

export function stoppedError(name: string): ImError {
  return new ImError("IM_STOPPED", { what: `${name} was stopped while it was waited for` });
}
