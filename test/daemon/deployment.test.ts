/** What deploys leave behind, above all those that fail. */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { functionName } from "../../platform/daemon/declared-hosts.js";
import { Deployment } from "../../platform/daemon/deployment.js";
import { Deployments } from "../../platform/daemon/deployments.js";
import type { ErrorCode } from "../../platform/errors/catalogue.js";
import { ImError } from "../../platform/errors/im-error.js";
import type { Manifest } from "../../platform/manifest/manifest.js";
import { formatAddress } from "../../platform/network/layout.js";
import { fakeManifest } from "../fixtures/daemon/fake-service.js";
import { type TemporaryNode, temporaryNode } from "../fixtures/daemon/temporary-node.js";

type Changes = Partial<Manifest["classes"][number]>;

function manifest(names: readonly string[], changes: Changes = {}): Manifest {
  const plain = fakeManifest("shop", names);
  return { ...plain, classes: plain.classes.map((hostClass) => ({ ...hostClass, ...changes })) };
}

async function listening(t: ExecutionContext, host: string, port = 0): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  t.teardown(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Of what a daemon would see and keep. */
function state({ node, functions }: TemporaryNode, deployment: Deployment) {
  const file = join(node.home, "deployments/shop/deployment.json");
  return {
    hosts: [...deployment.supervisor.hosts.values()].map(({ declared }) => ({ ...declared })),
    functions: [...functions],
    stored: deployment.stored,
    file: existsSync(file) ? readFileSync(file, "utf8") : null,
    table: readFileSync(deployment.tablePath).subarray(0, 4096),
  };
}

async function deployed(t: ExecutionContext, first: Manifest) {
  const temporary = temporaryNode(t);
  const deployment = await Deployment.create(temporary.node, first, "local");
  t.teardown(() => deployment.down());
  return { temporary, deployment };
}

async function refused(
  t: ExecutionContext,
  call: Promise<unknown>,
  code: ErrorCode,
): Promise<void> {
  const error = await t.throwsAsync(call, { instanceOf: ImError });
  t.is(error?.code, code);
}

test("a first deploy that fails leaves no function, no file and no block", async (t) => {
  const temporary = temporaryNode(t);
  const { node, functions } = temporary;
  const claimed: number[] = [];
  const closed: number[] = [];
  const addon: typeof node.addon = {
    ...node.addon,
    bindAbstract: (name) => {
      const lock = node.addon.bindAbstract(name);
      if (lock !== null) claimed.push(lock);
      return lock;
    },
    close: (descriptor) => {
      closed.push(descriptor);
      node.addon.close(descriptor);
    },
  };
  const from = await listening(t, "127.0.0.1");
  const wanted = manifest(["web"], { publish: [{ from, to: 8080 }] });
  await refused(t, Deployment.create({ ...node, addon }, wanted, "local"), "IM_PORT_TAKEN");
  t.deepEqual([...functions], []);
  t.false(existsSync(join(node.home, "deployments/shop/deployment.json")));
  t.is(claimed.length, 1);
  t.true(claimed.every((lock) => closed.includes(lock)));
});

test("a block is given back where the name table cannot be made", async (t) => {
  const { node } = temporaryNode(t);
  rmSync(node.runtimeDirectory, { recursive: true });
  let lock: number | null = null;
  const closed: number[] = [];
  const addon: typeof node.addon = {
    ...node.addon,
    bindAbstract: (name) => {
      lock = node.addon.bindAbstract(name);
      return lock;
    },
    close: (descriptor) => {
      closed.push(descriptor);
      node.addon.close(descriptor);
    },
  };
  const creating = Deployment.create({ ...node, addon }, manifest(["web"]), "local");
  await t.throwsAsync(creating, { code: "ENOENT" });
  t.deepEqual(closed, [lock]);
});

test("a redeploy that cannot publish a port changes nothing", async (t) => {
  const { temporary, deployment } = await deployed(t, manifest(["web"]));
  const before = state(temporary, deployment);
  const from = await listening(t, "127.0.0.1");
  const wanted = manifest(["web", "api"], { memoryMb: 1024 });
  const [web, ...others] = wanted.classes;
  if (web === undefined) throw new Error("no class");
  const classes = [{ ...web, publish: [{ from, to: 8080 }] }, ...others];
  await refused(t, deployment.apply({ ...wanted, classes }), "IM_PORT_TAKEN");
  t.deepEqual(state(temporary, deployment), before);
  const { hosts } = await deployment.apply(wanted);
  t.is(hosts, 2);
});

test("a redeploy whose file cannot be written changes nothing", async (t) => {
  const { temporary, deployment } = await deployed(t, manifest(["web"]));
  const before = state(temporary, deployment);
  const blocking = join(temporary.node.home, "deployments/shop/deployment.json.new");
  mkdirSync(blocking);
  const listen = [8080, 8081].map((port) => ({ port, protocol: "tcp" }) as const);
  await t.throwsAsync(deployment.apply(manifest(["web", "api"], { listen })), { code: "EISDIR" });
  t.deepEqual(state(temporary, deployment), before);
  const address = formatAddress(deployment.supervisor.hosts.get("web")?.declared.address ?? 0);
  await listening(t, address, 8081);
});

test("a redeploy onto a port that somebody holds lets another stand in for it", async (t) => {
  const { deployment } = await deployed(t, manifest(["web"]));
  const address = deployment.supervisor.hosts.get("web")?.declared.address ?? 0;
  await listening(t, formatAddress(address), 8081);
  const listen = [8080, 8081].map((port) => ({ port, protocol: "tcp" }) as const);
  await deployment.apply(manifest(["web"], { listen }));
  const bound = listen.map((port) => deployment.supervisor.mappedPort(address, port));
  t.is(bound[0], 8080);
  t.not(bound[1], 8081);
});

test("a function that cannot be deleted does not undo a redeploy", async (t) => {
  const { temporary, deployment } = await deployed(t, manifest(["api", "web"]));
  temporary.stuck.add(functionName("shop", "api"));
  const { removed } = await deployment.apply(manifest(["web"]));
  t.deepEqual(removed, ["api"]);
  t.deepEqual([...deployment.supervisor.hosts.keys()], ["web"]);
});

test("a deployment that cannot be ended does not keep the others from it", async (t) => {
  const { node, functions, stuck } = temporaryNode(t);
  let closed = 0;
  const deployments = new Deployments(node, async () => {
    closed += 1;
  });
  for (const name of ["one", "two"]) {
    await deployments.deploy({ manifest: fakeManifest(name, ["web"]), cloud: "local" });
  }
  stuck.add(functionName("one", "web"));
  await deployments.close();
  t.is(closed, 1);
  t.deepEqual([...functions.keys()], [functionName("one", "web")]);
  stuck.clear();
  await deployments.down("one");
});
