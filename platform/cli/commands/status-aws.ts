import { withAws } from "../../daemon/aws-deploy.js";
import type { AwsRecord } from "../../daemon/aws-record.js";
import { notReachable } from "../../daemon/aws-refusals.js";
import { formatAwsStatus } from "../format-aws.js";
import type { Terminal } from "../terminal.js";
import type { StatusOptions } from "./status.js";

/** What exists on AWS. Nothing there has a state that a single host or a watch could show. */
export async function statusOnAws(
  terminal: Terminal,
  record: AwsRecord,
  host: string | null,
  { watch, json }: StatusOptions,
): Promise<void> {
  const { deployment, region, role, since } = record;
  if (host !== null || watch) throw notReachable(deployment, region);
  const found = await withAws(deployment, region, ({ aws }) => aws.status());
  if (!json) {
    terminal.write(formatAwsStatus(found, terminal.columns));
    return;
  }
  const imaginary = found.functions.reduce((sum, { hosts }) => sum + hosts, 0);
  const shown = { deployment, cloud: "aws", since, hosts: [], imaginary, region, role, ...found };
  terminal.write(`${JSON.stringify(shown)}\n`);
}
