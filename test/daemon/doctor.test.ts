import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { awsChecks } from "../../platform/daemon/aws-settings-adapter.js";
import { examineMachine } from "../../platform/daemon/compose-doctor.js";
import { check, reportOf } from "../../platform/daemon/doctor-check.js";
import { kernelChecks } from "../../platform/daemon/kernel-checks-adapter.js";
import { machineChecks } from "../../platform/daemon/machine-checks-adapter.js";
import { loadAddon } from "../../shim/index.js";

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), "im-doctor-"));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

const fails = (): string => {
  throw new Error("no such thing");
};

test("what works says what was seen, what does not why, and what is done instead", (t) => {
  const expectation = { name: "thing", instead: "another" };
  t.deepEqual(
    check(expectation, () => "there"),
    { name: "thing", ok: true, necessary: false, found: "there", instead: null },
  );
  t.deepEqual(check(expectation, fails), {
    ...{ name: "thing", ok: false, necessary: false, found: "no such thing" },
    instead: "another",
  });
});

test("only what is necessary makes a machine unfit", (t) => {
  const spare = check({ name: "spare", instead: "" }, fails);
  const vital = check({ name: "vital", instead: "", necessary: true }, fails);
  t.true(reportOf("1", [spare]).ok);
  t.false(reportOf("1", [spare, vital]).ok);
});

test("the kernel's own refusal is the reason", (t) => {
  const refused = { ...loadAddon(), pidfdOpen: () => loadAddon().pidfdOpen(2 ** 30) };
  const checks = kernelChecks(refused);
  const found = checks.find(({ name }) => name === "pidfd_open");
  t.like(found, { ok: false, necessary: true, found: "pidfd_open: ESRCH" });
});

test("without the addon nothing of the kernel is claimed", (t) => {
  for (const { ok, found } of kernelChecks(null)) {
    t.false(ok);
    t.regex(found, /^cannot be tried/);
  }
});

test("this machine, on which the tests run, has what is necessary", (t) => {
  const { ok, checks } = examineMachine();
  t.true(ok, JSON.stringify(checks.filter((one) => !one.ok)));
  t.is(new Set(checks.map(({ name }) => name)).size, checks.length);
});

test("a home that cannot be written to is named, and nothing is left in one that can", (t) => {
  const home = directory(t);
  const homeOf = (path: string) => machineChecks(path, null).find(({ name }) => name === "IM_HOME");
  t.like(homeOf(join(home, "deep/er")), { ok: true });
  t.deepEqual(readdirSync(home), []);
  t.like(homeOf("/proc/im"), { ok: false, necessary: true });
});

test("an addon that cannot be loaded is no shim", (t) => {
  const shim = machineChecks(directory(t), "Error: wrong ELF class").find(
    ({ name }) => name === "shim",
  );
  t.like(shim, { ok: false, necessary: true, found: "Error: wrong ELF class" });
});

test("region and credentials are found as the SDK would, and no secret is shown", (t) => {
  const home = directory(t);
  const found = (variables: Record<string, string>) => awsChecks(variables, home);
  t.deepEqual(
    found({}).map(({ ok }) => ok),
    [false, false],
  );
  const variables = { AWS_REGION: "eu-west-1", AWS_ACCESS_KEY_ID: "AKIAx" };
  t.deepEqual(
    found(variables).map((one) => one.found),
    ["eu-west-1 (AWS_REGION)", "AWS_ACCESS_KEY_ID"],
  );
  mkdirSync(join(home, ".aws"));
  writeFileSync(
    join(home, ".aws/config"),
    "[default]\nregion=us-east-1\n[profile x]\nregion = y\n",
  );
  writeFileSync(join(home, ".aws/credentials"), "[x]\naws_access_key_id = AKIAx\n");
  t.is(found({})[0]?.found, "us-east-1 (profile default)");
  t.false(found({})[1]?.ok);
  const [region, credentials] = found({ AWS_PROFILE: "x" });
  t.is(region?.found, "y (profile x)");
  t.regex(credentials?.found ?? "", /^profile x in /);
  t.notRegex(JSON.stringify(found({ AWS_PROFILE: "x", ...variables })), /AKIAx/);
});
