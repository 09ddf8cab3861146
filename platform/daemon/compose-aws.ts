/** Where a deployment on AWS is put together: no daemon is needed for it. */

import { onAws } from "../cloud/aws-error.js";
import { AwsFunctions } from "../cloud/aws-functions-adapter.js";
import { createLambdaClient } from "../cloud/lambda-client-adapter.js";
import { createDynamoDbClient } from "../membership/dynamodb-client-adapter.js";
import { AwsDeployment } from "./aws-deployment.js";
import { systemClock } from "./system-clock-adapter.js";
import { systemRandom } from "./system-random-adapter.js";

export interface OpenedAws {
  readonly region: string;
  readonly aws: AwsDeployment;
  close(): void;
}

/** An upload of 50 MB may take its time. */
const lambdaTimeouts = { connectionMs: 10_000, requestMs: 600_000 };
const dynamoDbTimeouts = { requestMs: 15_000 };
/** Of calls that describe a state: they may be repeated, and throttles are to be expected. */
const maxAttempts = 6;

/**
 * Region, credentials and endpoints come from where the SDK looks for them; `region` is that of an
 * earlier deploy. Rejects with `ImError` IM_CLOUD_CREDENTIALS where there is no region.
 */
export async function openAws(deployment: string, region: string | null): Promise<OpenedAws> {
  const where = region === null ? {} : { region };
  const lambda = createLambdaClient({ ...where, maxAttempts }, lambdaTimeouts);
  const dynamoDb = createDynamoDbClient(where, dynamoDbTimeouts);
  const aws = new AwsDeployment({
    deployment,
    functions: new AwsFunctions(lambda),
    dynamoDb,
    clock: systemClock,
    random: systemRandom,
  });
  const close = () => {
    lambda.destroy();
    dynamoDb.destroy();
  };
  try {
    return { region: await onAws("name a region", () => lambda.config.region()), aws, close };
  } catch (error) {
    close();
    throw error;
  }
}
