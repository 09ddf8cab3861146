#!/usr/bin/env bash
# Three tiers of unmodified programs from the npm registry, on the embedded local cloud: one request
# from outside boots the front, whose connect boots the API, whose connect boots the database.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/build.sh

IM_HOME="$(mktemp -d)"
export IM_HOME
im() { node bin/im.mjs "$@"; }
step() { printf '\n\033[1m%s\033[0m\n' "$*"; }
if [ ! -t 1 ] || [ -n "${NO_COLOR:-}" ]; then step() { printf '\n%s\n' "$*"; }; fi
clean_up() {
  local status=$?
  trap - EXIT INT TERM
  im down --all >/dev/null 2>&1 || true
  rm -rf "$IM_HOME"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step 'im deploy manifests/demo.yaml        declares three hosts; nothing starts'
im deploy manifests/demo.yaml
im status

step 'one request from outside: POST http://127.0.0.1:18080/graphql'
node --input-type=module -e '
  const response = await fetch("http://127.0.0.1:18080/graphql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: "{ __typename query { nodeId } }" }),
    signal: AbortSignal.timeout(90_000),
  });
  const answer = await response.text();
  console.log(response.status, answer);
  if (!answer.includes("\"nodeId\":\"query\"")) process.exit(1);'

step 'im events        who woke whom'
im events
step 'im status'
im status

step 'im run -- node …        any program inside the network, unmodified'
im run -- node --input-type=module -e '
  const response = await fetch("http://front:8080/");
  console.log(response.status, (await response.text()).match(/<title>(.*)<\/title>/)[1]);'

step 'nobody wants anything: they fall asleep, with their memory'
for host in front api db; do
  grep -m1 " $host .* suspended" < <(im events -f)
done
im status

step 'one request wakes whom it needs, and the open connections between them still stand'
im run -- node --input-type=module -e '
  const response = await fetch("http://front:8080/graphql", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: "{ query { nodeId } }" }),
  });
  console.log(response.status, await response.text());'
im why db

step 'im stop db, then a program that connects to db boots its next life'
im stop db
im run -- node --input-type=module -e '
  import { connect } from "node:net";
  const socket = connect(5432, "db", () => {
    console.log("connected to", socket.remoteAddress, "port", socket.remotePort);
    socket.end();
  });'
im wake db
im status db

step 'im down        nothing is left'
im down
