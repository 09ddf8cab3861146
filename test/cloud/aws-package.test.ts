/** What was deployed is complete: the engine boots the host-runtime out of it alone. */
import { readFileSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GetFunctionCommand, InvokeCommand } from "@aws-sdk/client-lambda";
import test from "ava";
import { openAwsWorld, role } from "./aws-world.js";

test("a deployed package starts the host-runtime, which refuses what is not for it", async (t) => {
  const world = await openAwsWorld(t, { initTimeoutMs: 60_000 });
  world.write("web/server.js", "// serves");
  symlinkSync("server.js", join(world.directory, "web/main.js"));
  const manifest = world.write(
    "shop.yaml",
    "deployment: shop\nhosts: {web: {command: [node, main.js], directory: ./web}}\n",
  );
  t.is((await world.im(["deploy", "--cloud", "aws", "--role", role, manifest])).stderr, "");
  const FunctionName = "im_shop_web";
  const { Code } = await world.client.send(new GetFunctionCommand({ FunctionName }));
  // Where the engine unpacked it, below no other modules.
  const unpacked = fileURLToPath(Code?.Location ?? "");
  t.is(readlinkSync(join(unpacked, "guest/main.js")), "server.js");
  t.is(readFileSync(join(unpacked, "guest/main.js"), "utf8"), "// serves");

  const invoked = await world.client.send(
    new InvokeCommand({ FunctionName, TenantId: "web", Payload: JSON.stringify({ hello: 1 }) }),
  );
  t.is(invoked.StatusCode, 200);
  t.is(invoked.FunctionError, "Unhandled");
  const refusal = JSON.parse(invoked.Payload?.transformToString() ?? "{}");
  t.is(refusal.errorType, "IM_INTERNAL");
  t.regex(refusal.errorMessage, /^the event is not a host's: .*\baction\b/);

  // It asked for the event, so its init succeeded; and it is ready for the next one.
  t.like(world.endpoint.engine.environments(), [{ functionName: FunctionName, tenantId: "web" }]);
  const [environment] = world.endpoint.engine.environments();
  const commandLine = readFileSync(`/proc/${environment?.pid}/cmdline`, "utf8").split("\0");
  t.is(commandLine[1], join(unpacked, "runtime/dist/host-runtime/main.js"));
});
