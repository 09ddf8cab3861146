/** A daemon that is started while the store is away, with hosts that an earlier one left. */
import { once } from "node:events";
import { connect } from "node:net";
import test from "ava";
import { functionName } from "../../platform/daemon/declared-hosts.js";
import { Deployment } from "../../platform/daemon/deployment.js";
import { DeploymentFile } from "../../platform/daemon/deployment-file.js";
import { Deployments } from "../../platform/daemon/deployments.js";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { ImError } from "../../platform/errors/im-error.js";
import type { Membership } from "../../platform/ports/membership.js";
import { bootIdOf } from "../../platform/protocol/boot-id.js";
import { fakeManifest } from "../fixtures/daemon/fake-service.js";
import { temporaryNode } from "../fixtures/daemon/temporary-node.js";
import { firstClaim } from "../membership/records.js";

/** What is waited for because the store is away takes so long here; all other waits are as ever. */
const hastenedMs = 20;
const patienceMsMax = 10_000;

test("no deployment waits for another's read of the store", async (t) => {
  const { node } = temporaryNode(t);
  const names = ["shop", "stall"];
  for (const name of names) {
    const earlier = await Deployment.create(node, fakeManifest(name, ["web"]), "local");
    const { stored } = earlier;
    await earlier.down();
    new DeploymentFile(node.home, name).write(stored);
  }
  const asked = new Set<string>();
  let answer = (): void => undefined;
  const bothAsked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const membership: Membership = {
    read: (deployId, host) => node.membership.read(deployId, host),
    apply: (write, deadlineMs) => node.membership.apply(write, deadlineMs),
    list: async (deployId) => {
      asked.add(deployId);
      if (asked.size === names.length) answer();
      await bothAsked;
      return node.membership.list(deployId);
    },
  };
  // Only the store ends the wait: no time passes.
  const clock = { ...systemClock, setTimeout: () => systemClock.setTimeout(() => undefined, 0) };
  const deployments = new Deployments({ ...node, membership, clock }, async () => undefined);
  const restored = deployments.restore();
  t.teardown(() => deployments.close());
  t.deepEqual(deployments.deployments(), names);
  t.true(deployments.needsEnvironment(functionName("stall", "web"), "web", "any"));
  await restored;
  t.is(asked.size, names.length);
});

test("hosts are held at once, and lives are judged when the store is back", async (t) => {
  const { node } = temporaryNode(t);
  const manifest = fakeManifest("shop", ["web"]);
  const earlier = await Deployment.create(node, manifest, "local");
  const { stored } = earlier;
  await earlier.down();
  new DeploymentFile(node.home, "shop").write(stored);
  const claim = firstClaim({ deployId: stored.deployId, host: "web" });
  await node.membership.apply(claim, 1_000);
  const owner = bootIdOf("an environment that is gone", "nonce");
  const expected = { incarnation: 1, claim: claim.claim };
  await node.membership.apply(
    { ...claim, kind: "register", operation: "r", expected, owner },
    1_000,
  );

  let isAway = true;
  const membership: Membership = {
    read: (deployId, host) => node.membership.read(deployId, host),
    apply: (write, deadlineMs) => node.membership.apply(write, deadlineMs),
    list: (deployId) => {
      if (!isAway) return node.membership.list(deployId);
      const what = "list of hosts: no answer";
      return Promise.reject(new ImError("IM_STORE_FAILED", { what }));
    },
  };
  const clock = {
    ...systemClock,
    setTimeout: (callback: () => void, delayMs: number) =>
      systemClock.setTimeout(callback, delayMs > patienceMsMax ? delayMs : hastenedMs),
  };
  const deployments = new Deployments({ ...node, membership, clock }, async () => undefined);
  await deployments.restore();
  t.teardown(() => deployments.close());

  const status = await deployments.status("shop");
  t.regex(status.unread ?? "", /has not been read yet: list of hosts: no answer/);
  const refused = { code: "IM_STORE_FAILED" };
  await t.throwsAsync(deployments.deploy({ manifest, cloud: "local" }), refused);
  await t.throwsAsync(deployments.wake("shop", "web"), refused);
  await t.throwsAsync(deployments.down("shop"), refused);
  const client = connect(8080, status.hosts[0]?.address ?? "");
  const [error] = await once(client, "error");
  t.is(error.code, "ECONNRESET");

  const judged = new Promise((resolve) => deployments.onEvent("shop", resolve));
  isAway = false;
  t.like(await judged, { from: "running", to: "terminating" });
  t.is((await deployments.status("shop")).unread, undefined);
  await deployments.stop("shop", "web");
  await deployments.down("shop");
});
