/**
 * Go programs read resolv.conf and ask DNS by themselves, which knows nothing of hosts. Those that
 * were built with cgo can be told to ask the system's libc instead, where the shim answers; others
 * ignore it. `given`: GODEBUG as it is. A resolver that somebody chose stays chosen.
 */
export function goDebug(given: string | undefined): string {
  const settings = (given ?? "").split(",").filter((setting) => setting !== "");
  const isChosen = settings.some((setting) => setting.startsWith("netdns="));
  return (isChosen ? settings : [...settings, "netdns=cgo"]).join(",");
}
