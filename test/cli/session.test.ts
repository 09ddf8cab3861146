import test from "ava";
import { decodeAnswer } from "../../platform/cli/node-answer.js";
import { joinNode } from "../../platform/cli/node-client.js";
import { choose, requireSameVersion } from "../../platform/cli/session.js";
import { readConfiguration } from "../../platform/daemon/configuration.js";
import { prepareRuntimeDirectory } from "../../platform/daemon/directories.js";
import { ImError } from "../../platform/errors/im-error.js";
import { supervisorMessage } from "../../platform/protocol/environment.js";
import { loadAddon } from "../../shim/index.js";
import { temporaryConfiguration } from "../fixtures/daemon/temporary-home.js";

test("the only deployment is meant where none is named", (t) => {
  t.is(choose(["shop"], undefined, undefined), "shop");
  t.is(choose(["shop"], undefined, "other"), "shop");
  t.is(choose([], undefined, undefined), null);
});

test("of several deployments one must be named", (t) => {
  const error = t.throws(() => choose(["a", "b"], undefined, undefined), { instanceOf: ImError });
  t.is(error?.code, "IM_AMBIGUOUS_DEPLOYMENT");
  t.is(error?.details.expected, "one of a, b");
  t.is(choose(["a", "b"], "b", "a"), "b");
});

test("inside of a deployment's shell that deployment is meant", (t) => {
  t.is(choose(["a", "b"], undefined, "b"), "b");
});

test("a deployment that is not there is not taken for another", (t) => {
  const error = t.throws(() => choose(["shop"], "shops", undefined), { instanceOf: ImError });
  t.is(error?.code, "IM_NO_DEPLOYMENT");
});

test("a daemon of another version is named", (t) => {
  const configuration = readConfiguration({ IM_HOME: "/nowhere" });
  const health = { pid: 7, version: "0.0.0", nodeSocket: "/n", deployments: [] };
  const error = t.throws(() => requireSameVersion({ configuration, health }), {
    instanceOf: ImError,
  });
  t.is(error?.code, "IM_DAEMON_VERSION");
  t.is(error?.details.received, "0.0.0 (process 7)");
});

const answers: readonly unknown[] = [
  { type: "client.accepted", environment: { IM_TABLE: "/t" } },
  { type: "client.refused", error: { code: "IM_NO_HOST", message: "no" } },
  { type: "client.accepted", environment: { IM_TABLE: 7 } },
  { type: "client.accepted" },
  { type: "client.refused", error: { code: 7, message: "no" } },
  { type: "terminate", graceMs: 1 },
  null,
  7,
  [],
];
for (const answer of answers) {
  test(`an answer is understood just as the protocol has it: ${JSON.stringify(answer)}`, (t) => {
    const parsed = supervisorMessage.safeParse(answer);
    const own = parsed.success && parsed.data.type.startsWith("client.") ? parsed.data : null;
    t.deepEqual(decodeAnswer(Buffer.from(JSON.stringify(answer))), own);
  });
}

for (const name of ["LD_PRELOAD", "PATH", "IM_", "im_table", "IM_TABLE=x"]) {
  test(`an answer that sets ${name} is none`, (t) => {
    const answer = { type: "client.accepted", environment: { IM_TABLE: "/t", [name]: "/evil" } };
    t.is(decodeAnswer(Buffer.from(JSON.stringify(answer))), null);
  });
}

test("a node that another user serves is told nothing", async (t) => {
  const { nodeSocket, runtimeDirectory } = temporaryConfiguration(t);
  const addon = loadAddon();
  const uid = process.getuid?.() ?? 0;
  prepareRuntimeDirectory(runtimeDirectory, uid);
  const listener = addon.listenPackets(nodeSocket);
  t.teardown(() => addon.close(listener));
  const foreign = { ...addon, peerCredentials: () => ({ pid: 1, uid: uid + 1, gid: 0 }) };
  const message = { deployment: "shop", as: null, program: "x", pid: 1 };
  const joining = joinNode(foreign, nodeSocket, { type: "client.started", ...message });
  const error = await t.throwsAsync(joining, { instanceOf: ImError });
  t.is(error?.code, "IM_DIRECTORY_UNSAFE");
  const peer = addon.acceptPackets(listener) ?? t.fail("nobody connected");
  t.is(addon.receivePacket(peer), "end");
  addon.close(peer);
});

test("a packet that is not JSON is no answer", (t) => {
  t.is(decodeAnswer(Buffer.from("{")), null);
});
