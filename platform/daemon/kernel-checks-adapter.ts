/** What the kernel lets this user do, tried through the addon. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Addon } from "../../shim/index.js";
import { overlayBase, overlayPrefixBits } from "../network/layout.js";
import { type Check, check, NotEnough } from "./doctor-check.js";

/** Of the overlay's last address: nobody's. */
const probeAddress = 0x7f7ffffe;

/** `addon` null: it is not built, and nothing can be tried. */
export function kernelChecks(addon: Addon | null): readonly Check[] {
  const built = (): Addon => {
    if (addon === null) throw new NotEnough("cannot be tried: the C parts are not built");
    return addon;
  };
  return [
    check({ name: "pidfd_open", necessary: true, instead: "nothing: it needs Linux 5.3" }, () => {
      built().close(built().pidfdOpen(process.pid));
      return "opened one of this process";
    }),
    check(
      {
        name: "pidfd_getfd",
        instead: "a host with open connections is not suspended: nothing would see its data",
      },
      () => takeDescriptor(built()),
    ),
    check({ name: "sock_diag", instead: "no host falls asleep: idle ones are not seen" }, () => {
      const probe = built().openPlaceholder(probeAddress, 0);
      try {
        built().connections(overlayBase, overlayPrefixBits);
      } finally {
        built().close(probe);
      }
      return "dumped the overlay's sockets";
    }),
    check(
      { name: "seccomp user notification", instead: "nothing: no program needs it as yet" },
      () => {
        built().tryNotification();
        return "a filter with a listener was installed in a child";
      },
    ),
    check({ name: "user namespaces", instead: "nothing: no host needs one as yet" }, () => {
      built().tryUserNamespace();
      return "a child entered a new one";
    }),
    check(
      {
        name: "low ports",
        instead: "another port stands in for one below it; programs under the shim see no change",
      },
      () => bindLowPort(built()),
    ),
  ];
}

/** From a child, as from a guest. */
function takeDescriptor(addon: Addon): string {
  const child = spawn("/bin/sh", ["-c", "read line"], { stdio: ["pipe", "ignore", "ignore"] });
  child.on("error", () => undefined);
  if (child.pid === undefined) throw new NotEnough("/bin/sh cannot be started");
  try {
    const pidfd = addon.pidfdOpen(child.pid);
    try {
      addon.close(addon.pidfdGetDescriptor(pidfd, 0));
    } finally {
      addon.close(pidfd);
    }
  } finally {
    child.kill("SIGKILL");
  }
  return "took a descriptor of a child";
}

function bindLowPort(addon: Addon): string {
  const path = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
  const first = readFileSync(path, "utf8").trim();
  try {
    addon.close(addon.openPlaceholder(probeAddress, 1));
  } catch (error) {
    const refused = error instanceof Error && "code" in error && error.code === "EACCES";
    throw refused ? new NotEnough(`ports below ${first} are for root`) : error;
  }
  return `port 1 was bound (ip_unprivileged_port_start ${first})`;
}
