import test from "ava";
import { onAws } from "../../platform/cloud/aws-error.js";
import type { ErrorCode } from "../../platform/errors/catalogue.js";
import { ImError } from "../../platform/errors/im-error.js";

const rows: readonly (readonly [ErrorCode, name: string, message: string])[] = [
  ["IM_CLOUD_CREDENTIALS", "CredentialsProviderError", "Could not load credentials"],
  ["IM_CLOUD_CREDENTIALS", "ExpiredTokenException", "The security token is expired"],
  ["IM_CLOUD_CREDENTIALS", "Error", "Region is missing"],
  ["IM_CLOUD_DENIED", "AccessDeniedException", "not authorized to perform: lambda:GetFunction"],
  [
    "IM_CLOUD_ROLE",
    "InvalidParameterValueException",
    "The role defined for the function cannot be assumed by Lambda.",
  ],
  ["IM_CLOUD_FAILED", "InvalidParameterValueException", "Unreserved concurrency is too low"],
  ["IM_CLOUD_FAILED", "ResourceConflictException", "An update is in progress"],
];
for (const [code, name, message] of rows) {
  test(`${name} (${message}) is ${code}, with what AWS said`, async (t) => {
    const said = Object.assign(new Error(message), { name });
    const error = await t.throwsAsync(
      onAws("do it", () => Promise.reject(said)),
      { code },
    );
    t.true(error instanceof ImError && error.details.received === `${name}: ${message}`);
  });
}

test("what membership made of an answer is taken back to the answer", async (t) => {
  const cause = Object.assign(new Error("no"), { name: "AccessDeniedException" });
  const wrapped = new ImError("IM_STORE_FAILED", { what: "table: refused", cause });
  await t.throwsAsync(
    onAws("do it", () => Promise.reject(wrapped)),
    { code: "IM_CLOUD_DENIED" },
  );
  const own = new ImError("IM_CLOUD_CONFLICT", { what: "somebody else's" });
  t.is(await t.throwsAsync(onAws("do it", () => Promise.reject(own))), own);
});

test("an error without a message is told by its code", async (t) => {
  const refused = Object.assign(new Error(""), { code: "ECONNREFUSED" });
  const error = await t.throwsAsync(onAws("do it", () => Promise.reject(refused)));
  t.true(error instanceof ImError && error.details.received === "Error: ECONNREFUSED");
});
