/** `im deploy --cloud aws`: everything is checked and packed before anything is created. */
import {
  deployerPolicy,
  type PolicyDocument,
  type PolicyScope,
  rolePolicy,
  trustPolicy,
} from "../cloud/aws-policies.js";
import type { HostFunction } from "../cloud/host-function.js";
import { ImError } from "../errors/im-error.js";
import type { Manifest } from "../manifest/manifest.js";
import { type AwsPlan, planOf, tableNameOf } from "./aws-deployment.js";
import type { AwsRecord, AwsRecords } from "./aws-record.js";
import { alreadyDeployed, refusePublished } from "./aws-refusals.js";
import { type OpenedAws, openAws } from "./compose-aws.js";
import { functionName } from "./declared-hosts.js";
import { hostFunctions } from "./host-functions.js";
import { systemClock } from "./system-clock-adapter.js";

export interface AwsOrder {
  readonly manifest: Manifest;
  /** ARN; null: that of the last deploy. */
  readonly role: string | null;
  readonly reserveConcurrency: boolean;
}

export interface AwsPreview {
  /** null: nothing says which. */
  readonly region: string | null;
  readonly plan: AwsPlan;
  readonly functions: readonly HostFunction[];
  readonly policies: AwsPolicies;
  /** Why nothing could be read from AWS, so that everything appears as new. */
  readonly unread: ImError | null;
}

export interface AwsPolicies {
  readonly trust: PolicyDocument;
  readonly role: PolicyDocument;
  readonly deployer: PolicyDocument;
}

const rolePattern = /^arn:aws[a-zA-Z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;

/** Reads only; where there are no credentials, not even that. */
export async function previewAws(order: AwsOrder, records: AwsRecords): Promise<AwsPreview> {
  const { manifest } = order;
  const { deployment } = manifest;
  const record = records.read(deployment);
  const role = roleOf(order, record);
  const functions = await packed(order, role);
  const show = (region: string | null, plan: AwsPlan | null, unread: ImError | null) => ({
    region,
    plan: plan ?? planOf(deployment, functions, new Map(), null),
    functions,
    policies: policiesOf(scopeOf(manifest, region ?? "*", role)),
    unread,
  });
  try {
    return await withAws(deployment, null, async ({ aws, region }) => {
      refuseOtherRegion(record, region);
      try {
        return show(region, await aws.plan(functions), null);
      } catch (error) {
        return show(region, null, lackOfCredentials(error));
      }
    });
  } catch (error) {
    return show(null, null, lackOfCredentials(error));
  }
}

/** Everything else is thrown on. */
function lackOfCredentials(error: unknown): ImError {
  if (error instanceof ImError && error.code === "IM_CLOUD_CREDENTIALS") return error;
  throw error;
}

/** Resolves with what was done. What fails is finished by the next deploy. */
export async function deployToAws(
  order: AwsOrder,
  records: AwsRecords,
): Promise<{ readonly region: string; readonly plan: AwsPlan }> {
  const { deployment } = order.manifest;
  return await withAws(deployment, null, async ({ aws, region }) => {
    const record = records.read(deployment);
    refuseOtherRegion(record, region);
    const role = roleOf(order, record) ?? missingRole(order.manifest, region);
    const functions = await packed(order, role);
    const plan = await aws.plan(functions);
    // First: also what a deploy leaves half done is found by `im down`.
    records.write({ deployment, region, role, since: sinceOf(record) });
    await aws.apply(plan, functions);
    return { region, plan };
  });
}

/** Resolves when nothing of it is left on AWS but what the functions logged. */
export async function endOnAws(record: AwsRecord, records: AwsRecords): Promise<void> {
  await withAws(record.deployment, record.region, ({ aws }) => aws.down());
  records.remove(record.deployment);
}

export async function withAws<T>(
  deployment: string,
  region: string | null,
  work: (opened: OpenedAws) => Promise<T>,
): Promise<T> {
  const opened = await openAws(deployment, region);
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

async function packed(order: AwsOrder, role: string | null): Promise<readonly HostFunction[]> {
  const { manifest, reserveConcurrency } = order;
  refusePublished(manifest);
  return await hostFunctions(manifest, { role: role ?? "", reserveConcurrency });
}

function refuseOtherRegion(record: AwsRecord | null, region: string): void {
  if (record === null || record.region === region) return;
  throw alreadyDeployed(record.deployment, `AWS (${record.region})`, `AWS (${region})`);
}

function roleOf({ role }: AwsOrder, record: AwsRecord | null): string | null {
  const chosen = role ?? record?.role ?? null;
  if (chosen === null || rolePattern.test(chosen)) return chosen;
  throw new ImError("IM_CLOUD_ROLE", {
    what: "the role is not the ARN of an IAM role",
    expected: "arn:aws:iam::<account>:role/<name>",
    received: chosen,
  });
}

function missingRole(manifest: Manifest, region: string): never {
  const { trust, role } = policiesOf(scopeOf(manifest, region, null));
  throw new ImError("IM_CLOUD_ROLE", {
    what: "no role is named for the functions to run as",
    expected: "--role <arn>, or IM_AWS_ROLE",
    received: "neither",
    fix:
      "create a role in IAM and name it with `--role <arn>`. Its trust policy:\n" +
      `${formatPolicy(trust)}\nand its permissions:\n${formatPolicy(role)}`,
  });
}

function scopeOf(manifest: Manifest, region: string, role: string | null): PolicyScope {
  const { deployment, classes } = manifest;
  const functionNames = classes.map(({ name }) => functionName(deployment, name));
  return { deployment, region, table: tableNameOf(deployment), functionNames, role };
}

function policiesOf(scope: PolicyScope): AwsPolicies {
  return { trust: trustPolicy(), role: rolePolicy(scope), deployer: deployerPolicy(scope) };
}

export function formatPolicy(policy: PolicyDocument): string {
  return JSON.stringify(policy, null, 2);
}

function sinceOf(record: AwsRecord | null): string {
  return record?.since ?? new Date(systemClock.nowMs()).toISOString();
}
