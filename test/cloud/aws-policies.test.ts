import test from "ava";
import { deployerPolicy, rolePolicy, trustPolicy } from "../../platform/cloud/aws-policies.js";

const scope = {
  deployment: "shop",
  region: "eu-central-1",
  table: "im_shop",
  functionNames: ["im_shop_web"],
  role: "arn:aws-cn:iam::123456789012:role/shop",
};

test("a role may use its own table, wake its own hosts, write its own logs, and no more", (t) => {
  t.deepEqual(resourcesOf(rolePolicy(scope).Statement), [
    ["arn:aws-cn:dynamodb:eu-central-1:123456789012:table/im_shop"],
    ["arn:aws-cn:lambda:eu-central-1:123456789012:function:im_shop_*"],
    ["arn:aws-cn:logs:eu-central-1:123456789012:log-group:/aws/lambda/im_shop_*:*"],
  ]);
});

test("whoever deploys may pass that one role, to Lambda alone", (t) => {
  const pass = deployerPolicy(scope).Statement.find((one) => "Condition" in one);
  t.like(pass, {
    Action: "iam:PassRole",
    Resource: scope.role,
    Condition: { StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } },
  });
});

test("a function whose name had to be cut is allowed by its own name", (t) => {
  const functionNames = ["im_shop_web", "im_sho_0123456789"];
  const [, wake] = resourcesOf(rolePolicy({ ...scope, functionNames }).Statement);
  t.deepEqual(
    wake?.map((arn) => arn.split(":").at(-1)),
    ["im_shop_*", "im_sho_0123456789"],
  );
});

test("without a role any account is meant, and no place holder is a policy's own", (t) => {
  for (const policy of [rolePolicy({ ...scope, role: null }), trustPolicy()]) {
    t.false(JSON.stringify(policy).includes("<"));
  }
  const [table] = resourcesOf(rolePolicy({ ...scope, role: null }).Statement);
  t.deepEqual(table, ["arn:aws:dynamodb:eu-central-1:*:table/im_shop"]);
});

function resourcesOf(statements: readonly object[]): readonly (readonly string[])[] {
  return statements.map((one) => {
    const resource = "Resource" in one ? one.Resource : [];
    return Array.isArray(resource) ? resource.map(String) : [String(resource)];
  });
}
