/** Programs in Go, which make their system calls themselves: clients that ask for hosts by name. */
import test from "ava";
import { goDebug } from "../../platform/protocol/go-resolver.js";
import { built, World } from "../process/world.js";
import { ifInstalled } from "./installed.js";

const rows: readonly (readonly [given: string | undefined, GODEBUG: string])[] = [
  [undefined, "netdns=cgo"],
  ["", "netdns=cgo"],
  ["gctrace=1,madvdontneed=1", "gctrace=1,madvdontneed=1,netdns=cgo"],
  ["netdns=go,gctrace=1", "netdns=go,gctrace=1"],
];
for (const [given, expected] of rows) {
  test(`GODEBUG=${given} becomes ${expected}`, (t) => t.is(goDebug(given), expected));
}

/** As much of etcd as its client needs to list one key. */
const keys = JSON.stringify({
  action: "get",
  node: { dir: true, nodes: [{ key: "/found", value: "1", modifiedIndex: 1, createdIndex: 1 }] },
});
const server = `require("http").createServer((request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(${JSON.stringify(keys)});
}).listen(2379)`;
const etcdctl = ["etcdctl", "--no-sync", "--endpoints", "http://keys:2379", "ls"];
/** The second version of its interface is HTTP. */
const list = ["env", "ETCDCTL_API=2", ...etcdctl];
const [program, ...parameters] = list;
const front = `require("net").createServer((socket) => {
  const run = require("child_process").execFile;
  run("${program}", ${JSON.stringify(parameters)}, (_, out, err) => socket.end(out + err));
}).listen(7000)`;

ifInstalled(["etcdctl"])(
  "a client in Go boots a host by its name, as a guest as well",
  async (t) => {
    const world = await World.of(t, {
      keys: { command: [process.execPath, "-e", server], listen: [2379] },
      front: { command: [process.execPath, "-e", front], listen: [7000] },
    });
    const { stdout, stderr } = await world.startClient(...list).finish();
    t.is(stdout, "/found\n", stderr);
    await world.stop("keys");
    const client = world.startClient(built("dial"));
    client.write("front 7000 list");
    t.is(await client.line(), "/found");
    t.is((await world.host("keys")).incarnation, 2);
  },
);
