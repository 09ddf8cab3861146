/** What IAM must allow, and no more: for the functions' role, and for whoever deploys. */
const version = "2012-10-17";

export interface PolicyScope {
  readonly deployment: string;
  readonly region: string;
  readonly table: string;
  readonly functionNames: readonly string[];
  /** null: not chosen yet. */
  readonly role: string | null;
}

export interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly object[];
}

/** Who may take on the role: Lambda. */
export function trustPolicy(): PolicyDocument {
  return {
    Version: version,
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "lambda.amazonaws.com" },
        Action: "sts:AssumeRole",
      },
    ],
  };
}

/** Of the role: membership, waking the deployment's other hosts, and the functions' own logs. */
export function rolePolicy(scope: PolicyScope): PolicyDocument {
  const { partition, account } = placeOf(scope.role);
  const logs = `arn:${partition}:logs:${scope.region}:${account}:log-group:/aws/lambda`;
  return {
    Version: version,
    Statement: [
      {
        Sid: "Membership",
        Effect: "Allow",
        Action: ["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem"],
        Resource: tableArn(scope),
      },
      {
        Sid: "Wake",
        Effect: "Allow",
        Action: "lambda:InvokeFunction",
        Resource: functionArns(scope),
      },
      {
        Sid: "Logs",
        Effect: "Allow",
        Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: namePatterns(scope).map((name) => `${logs}/${name}:*`),
      },
    ],
  };
}

/** Of whoever runs `im deploy`, `im status` and `im down`. */
export function deployerPolicy(scope: PolicyScope): PolicyDocument {
  const { partition, account } = placeOf(scope.role);
  return {
    Version: version,
    Statement: [
      { Sid: "List", Effect: "Allow", Action: "lambda:ListFunctions", Resource: "*" },
      {
        Sid: "Functions",
        Effect: "Allow",
        Action: functionActions.map((action) => `lambda:${action}`),
        Resource: functionArns(scope),
      },
      {
        Sid: "Role",
        Effect: "Allow",
        Action: "iam:PassRole",
        Resource: scope.role ?? `arn:${partition}:iam::${account}:role/<the functions' role>`,
        Condition: { StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } },
      },
      {
        Sid: "Table",
        Effect: "Allow",
        Action: tableActions.map((action) => `dynamodb:${action}`),
        Resource: tableArn(scope),
      },
    ],
  };
}

const functionActions = [
  "CreateFunction",
  "DeleteFunction",
  "DeleteFunctionConcurrency",
  "GetFunction",
  "GetFunctionEventInvokeConfig",
  "GetFunctionRecursionConfig",
  // GetFunction leaves the tags out where this is not allowed.
  "ListTags",
  "PutFunctionConcurrency",
  "PutFunctionEventInvokeConfig",
  "PutFunctionRecursionConfig",
  "TagResource",
  "UpdateFunctionCode",
  "UpdateFunctionConfiguration",
] as const;

const tableActions = [
  "CreateTable",
  "DeleteTable",
  "DescribeTable",
  "ListTagsOfResource",
  "TagResource",
] as const;

function tableArn({ region, table, role }: PolicyScope): string {
  const { partition, account } = placeOf(role);
  return `arn:${partition}:dynamodb:${region}:${account}:table/${table}`;
}

function functionArns(scope: PolicyScope): readonly string[] {
  const { partition, account } = placeOf(scope.role);
  const base = `arn:${partition}:lambda:${scope.region}:${account}:function`;
  return namePatterns(scope).map((name) => `${base}:${name}`);
}

/** No name of a manifest has a `_`: the prefix is the deployment's alone, for new classes too. */
function namePatterns({ deployment, functionNames }: PolicyScope): readonly string[] {
  const prefix = `im_${deployment}_`;
  return [`${prefix}*`, ...functionNames.filter((name) => !name.startsWith(prefix))];
}

/** A role's ARN tells partition and account; without one, any account (a role lives in one). */
function placeOf(role: string | null): { readonly partition: string; readonly account: string } {
  const [, partition = "aws", , , account = "*"] = (role ?? "").split(":");
  return role === null ? { partition: "aws", account: "*" } : { partition, account };
}
