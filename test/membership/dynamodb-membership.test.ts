import test from "ava";
import { nanoid } from "nanoid";
import { ImError } from "../../platform/errors/im-error.js";
import { createDynamoDbClient } from "../../platform/membership/dynamodb-client-adapter.js";
import { DynamoDbMembership } from "../../platform/membership/dynamodb-membership-adapter.js";
import { oldItemOfFailure, tagsOfTable } from "./differences.js";
import { firstClaim } from "./records.js";
import { tableContract } from "./table-contract.js";
import { clock, openWorld, random, tableName } from "./world.js";

const warnings: string[] = [];
process.on("warning", (warning) => warnings.push(warning.message));

const opened = openWorld();
test.after.always(async () => (await opened).close());

tableContract(opened);

test("a write to a store that never answers fails when its deadline has passed", async (t) => {
  const { directory } = await opened;
  const client = createDynamoDbClient({ socketPath: `${directory}/nobody.sock` });
  const membership = new DynamoDbMembership({ client, tableName, clock, random });
  const before = clock.monotonicMs();
  const write = firstClaim({ deployId: nanoid(), host: "web" });
  const error = await t.throwsAsync(membership.apply(write, 150), { instanceOf: ImError });
  t.is(error.code, "IM_STORE_FAILED");
  t.regex(error.message, /claim of web: no answer within 150 ms/);
  t.regex(error.details.received ?? "", /ENOENT/);
  t.true(clock.monotonicMs() - before < 2000);
  client.destroy();
});

// The adapter asks for no old item, so that it does the same on both: it reads after the failure.
test("the embedded table keeps the old item of a failed condition to itself", async (t) => {
  t.is(await oldItemOfFailure(await opened), undefined);
});

// A deployment tags its table once more where it finds that missing.
test("the embedded table ignores the tags of its creation, and takes later ones", async (t) => {
  const given = { "im:deployment": "shop" };
  t.deepEqual(await tagsOfTable(await opened), { created: {}, given });
});

test.serial("the SDK's warnings do not reach the user", async (t) => {
  await opened;
  t.deepEqual(warnings, []);
});
