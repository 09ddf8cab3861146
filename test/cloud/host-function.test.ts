import test from "ava";
import {
  changesOf,
  type ExistingFunction,
  type FunctionChange,
  type HostFunction,
  refuseForeign,
  settingsOf,
  tagsOf,
} from "../../platform/cloud/host-function.js";

const wanted: HostFunction = {
  name: "im_shop_web",
  deployment: "shop",
  className: "web",
  hostsCount: 3,
  memoryMb: 256,
  role: "arn:aws:iam::123456789012:role/shop",
  architecture: "x86_64",
  reservedConcurrency: 3,
  package: { zip: Buffer.from("zip"), sha256: "digest", unzippedBytes: 3 },
};

function inLine(): ExistingFunction {
  return {
    configuration: {
      ...settingsOf(wanted),
      FunctionName: wanted.name,
      Architectures: ["x86_64"],
      CodeSha256: "digest",
      TenancyConfig: { TenantIsolationMode: "PER_TENANT" },
    },
    tags: { ...tagsOf(wanted), costs: "theirs" },
    reservedConcurrency: 3,
    eventRetriesMax: 0,
    eventAgeSecondsMax: 60,
    recursiveLoop: "Allow",
  };
}

test("a function that is as wanted needs no change, whatever others tagged it with", (t) => {
  t.deepEqual(changesOf(wanted, inLine()), []);
});

const differences: readonly (readonly [string, FunctionChange, Partial<ExistingFunction>])[] = [
  ["other code", "code", configured({ CodeSha256: "older" })],
  ["another architecture", "code", configured({ Architectures: ["arm64"] })],
  ["other memory", "configuration", configured({ MemorySize: 128 })],
  ["another role", "configuration", configured({ Role: "arn:aws:iam::123456789012:role/old" })],
  ["a shorter timeout", "configuration", configured({ Timeout: 3 })],
  ["another runtime", "configuration", configured({ Runtime: "nodejs20.x" })],
  ["no variables", "configuration", configured({ Environment: {} })],
  [
    "a variable more",
    "configuration",
    configured({
      Environment: { Variables: { ...settingsOf(wanted).Environment.Variables, X: "1" } },
    }),
  ],
  ["another count", "tags", { tags: { ...tagsOf(wanted), "im:hosts": "2" } }],
  ["retries", "event-invoke", { eventRetriesMax: 2 }],
  ["no bound of its events' age", "event-invoke", { eventAgeSecondsMax: null }],
  ["recursion that is ended", "recursion", { recursiveLoop: "Terminate" }],
  ["no reserved concurrency", "concurrency", { reservedConcurrency: null }],
];
for (const [difference, change, existing] of differences) {
  test(`a function with ${difference} needs a change of ${change}, and no other`, (t) => {
    t.deepEqual(changesOf(wanted, { ...inLine(), ...existing }), [change]);
  });
}

test("a function of somebody else, or without tenants, is refused", (t) => {
  t.notThrows(() => refuseForeign("shop", inLine()));
  const foreign: readonly ExistingFunction[] = [
    { ...inLine(), tags: {} },
    { ...inLine(), tags: { "im:deployment": "other" } },
    { ...inLine(), ...configured({ TenancyConfig: undefined }) },
  ];
  for (const existing of foreign) {
    t.throws(() => refuseForeign("shop", existing), { code: "IM_CLOUD_CONFLICT" });
  }
});

function configured(
  changes: ExistingFunction["configuration"],
): Pick<ExistingFunction, "configuration"> {
  return { configuration: { ...inLine().configuration, ...changes } };
}
