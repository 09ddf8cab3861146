import test from "ava";
import { decodeAnswer } from "../../platform/cli/node-client.js";
import { choose, requireSameVersion } from "../../platform/cli/session.js";
import { readConfiguration } from "../../platform/daemon/configuration.js";
import { ImError } from "../../platform/errors/im-error.js";
import { supervisorMessage } from "../../platform/protocol/environment.js";

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

test("a packet that is not JSON is no answer", (t) => {
  t.is(decodeAnswer(Buffer.from("{")), null);
});
