import { type AwsPreview, formatPolicy } from "../daemon/aws-deploy.js";
import type { AwsPlan, AwsStatus } from "../daemon/aws-deployment.js";
import { noHostBoots } from "../daemon/aws-refusals.js";
import { formatTable } from "./table.js";

const planColumns = [
  { title: "ACTION" },
  { title: "FUNCTION", widthMin: 16 },
  { title: "HOSTS", align: "right" },
  { title: "MEMORY", align: "right", rank: 1 },
  { title: "ZIPPED", align: "right" },
  { title: "UNZIPPED", align: "right", rank: 2 },
  { title: "CHANGES", widthMin: 8 },
] as const;

const statusColumns = [
  { title: "FUNCTION", widthMin: 16 },
  { title: "STATE" },
  { title: "HOSTS", align: "right" },
  { title: "MEMORY", align: "right", rank: 2 },
  { title: "PACKAGE", align: "right", rank: 3 },
  { title: "MODIFIED", rank: 1 },
] as const;

/** For `--dry-run`. */
export function formatAwsPreview(preview: AwsPreview, columns: number | null): string {
  const { plan, policies, region } = preview;
  const rows = plan.functions.map(({ name, action, changes }) => {
    const wanted = preview.functions.find((one) => one.name === name);
    if (wanted === undefined) return [action, name, "-", "-", "-", "-", ""];
    return [
      action,
      name,
      String(wanted.hostsCount),
      `${wanted.memoryMb} MB`,
      formatBytes(wanted.package.zip.length),
      formatBytes(wanted.package.unzippedBytes),
      changes.join(", "),
    ];
  });
  return [
    `On AWS (${region ?? "no region is set"}), nothing is changed by this:\n\n`,
    formatTable(planColumns, rows, columns),
    `${plan.table.action} the table ${plan.table.name}, paid per request\n`,
    `\nTrust policy of the functions' role:\n${formatPolicy(policies.trust)}\n`,
    `\nPermissions of the functions' role:\n${formatPolicy(policies.role)}\n`,
    `\nPermissions of whoever deploys:\n${formatPolicy(policies.deployer)}\n`,
  ].join("");
}

/** After a deploy. */
export function formatAwsDeployed(deployment: string, region: string, plan: AwsPlan): string {
  const table = { name: plan.table.name, action: plan.table.action };
  const changes = (["create", "update", "delete"] as const).flatMap((action) => {
    const names = [table, ...plan.functions].filter((one) => one.action === action);
    return names.length === 0 ? [] : [`${action}d ${names.map(({ name }) => name).join(", ")}`];
  });
  const done = changes.length === 0 ? "nothing changed" : changes.join("; ");
  return `${deployment} on AWS (${region}): ${done}.\n${noHostBoots}\n`;
}

export function formatAwsStatus({ functions, table }: AwsStatus, columns: number | null): string {
  const rows = functions.map((one) => [
    one.name,
    one.state,
    String(one.hosts),
    `${one.memoryMb} MB`,
    formatBytes(one.codeBytes),
    one.modified,
  ]);
  const tables = table === null ? "no table" : `table ${table}`;
  return `${formatTable(statusColumns, rows, columns)}${tables}\n${noHostBoots}\n`;
}

function formatBytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
