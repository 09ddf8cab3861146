import type { DeployResult } from "../daemon/service.js";
import type { HostClass, Manifest } from "../manifest/manifest.js";
import { formatTable } from "./table.js";
import { plain } from "./terminal.js";
import { type Reference, references } from "./wake-graph.js";

const namesShownMax = 5;
const redisPort = 6379;
const redisServer = /(?:^|[\s/])redis-server(?:\s|$)/;
/** Where web servers listen by habit. */
const httpPorts: ReadonlySet<number> = new Set([80, 3000, 4000, 5000, 8000, 8080, 8081, 8888]);

/**
 * After a deploy: `shop: 3 hosts declared, none runs. Try: im run -- curl http://web:8080/`.
 * `deployed`: all that is deployed here.
 */
export function formatDeployed(
  manifest: Manifest,
  result: DeployResult,
  deployed: readonly string[] = [],
): string {
  const { deployment, hosts, added, changed, removed } = result;
  const declared = `${deployment}: ${countHosts(hosts)} declared`;
  if (added.length === hosts) return `${declared}, none runs.${formatTrial(manifest, deployed)}\n`;
  const changes = [
    formatNames("added", added),
    formatNames("changed", changed),
    formatNames("removed", removed),
  ].filter((text) => text !== "");
  return `${declared}; ${changes.length === 0 ? "nothing changed" : changes.join("; ")}.\n`;
}

/** For `--dry-run`: addresses are assigned when it is deployed, so none is shown. */
export function formatPlan(manifest: Manifest, columns: number | null): string {
  const hosts = manifest.classes.reduce((sum, one) => sum + (one.count ?? 1), 0);
  const rows = manifest.classes.map((one) => [
    one.count === null ? one.name : `${one.name}-0 … ${one.name}-${one.count - 1}`,
    formatListen(one) || "-",
    one.publish.map(({ from, to }) => `${from}:${to}`).join(",") || "-",
    `${one.memoryMb} MB`,
    one.ready,
    plain(one.command[0] ?? ""),
  ]);
  const table = formatTable(planColumns, rows, columns);
  const head = `${manifest.deployment}: ${countHosts(hosts)} would be declared, none would run.`;
  return `${head}\n\n${table}\n${formatReferences(references(manifest))}`;
}

const planColumns = [
  { title: "HOST" },
  { title: "LISTEN", widthMin: 8 },
  { title: "PUBLISH", rank: 2 },
  { title: "MEMORY", align: "right", rank: 3 },
  { title: "READY", rank: 1 },
  { title: "PROGRAM", widthMin: 12 },
] as const;

function formatReferences(found: readonly Reference[]): string {
  if (found.length === 0) return "No command or environment names another host.\n";
  const lines = found.map(({ from, to, port, declared, where }) => {
    const target = port === null ? to : `${to}:${port}`;
    const place = where === "command" ? "its command" : `its variable ${plain(where)}`;
    const doubt = declared ? "" : `; ${to} does not listen there`;
    return `  ${from} → ${target} (by ${place}${doubt})\n`;
  });
  return `Would wake one another:\n${lines.join("")}`;
}

function formatListen(one: HostClass): string {
  return one.listen
    .map(({ port, protocol }) => (protocol === "tcp" ? `${port}` : `${port}/${protocol}`))
    .join(",");
}

/** Something to try at once: the host that no other host calls is where requests come in. */
function formatTrial(manifest: Manifest, deployed: readonly string[]): string {
  const called = new Set(references(manifest).map(({ toClass }) => toClass));
  const served = manifest.classes.filter((one) => tcpPort(one) !== null);
  const front = served.find((one) => !called.has(one.name)) ?? served[0];
  const port = front === undefined ? null : tcpPort(front);
  if (front === undefined || port === null) return "";
  const name = front.count === null ? front.name : `${front.name}-0`;
  const others = deployed.some((one) => one !== manifest.deployment);
  const option = others ? ` --deployment ${manifest.deployment}` : "";
  return ` Try: im run${option} -- ${formatCaller(front, name, port)}`;
}

/** What speaks to such a host, as far as its port and its command tell. */
function formatCaller(one: HostClass, name: string, port: number): string {
  if (one.command.some((word) => redisServer.test(word))) {
    return `redis-cli -h ${name}${port === redisPort ? "" : ` -p ${port}`} ping`;
  }
  if (httpPorts.has(port)) return `curl http://${name}${port === 80 ? "" : `:${port}`}/`;
  return `<any program that connects to ${name}:${port}>`;
}

function tcpPort(one: HostClass): number | null {
  return one.listen.find(({ protocol }) => protocol === "tcp")?.port ?? null;
}

function formatNames(verb: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length - namesShownMax;
  const shown = names.slice(0, namesShownMax).join(", ");
  return `${verb} ${shown}${more > 0 ? ` and ${more} more` : ""}`;
}

function countHosts(count: number): string {
  return count === 1 ? "1 host" : `${count.toLocaleString("en")} hosts`;
}
