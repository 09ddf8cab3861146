#!/usr/bin/env bash
# Builds AWS's own Lambda runtime client for Node, a peer for the tests of the Runtime API:
#   bash scripts/build-runtime-client.sh <directory>
# curl and aws-lambda-cpp come inside its package. Needs g++, make, cmake, autoconf, automake and
# libtool.
set -euo pipefail
target="$(realpath -m "${1:?a directory is needed}")"
# The last version that runs on Node 20.
version=3.3.0
mark="$target/built-$version"
[ ! -e "$mark" ] || exit 0

for tool in g++ make cmake autoconf automake libtoolize; do
  command -v "$tool" >/dev/null || {
    echo "error: \`$tool\` is needed to build aws-lambda-ric" >&2
    exit 1
  }
done
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' TERM INT
cd "$work"
for package in "aws-lambda-ric@$version" node-addon-api@6.1.0 node-api-headers@1.9.0; do
  tarball="$(npm pack --silent "$package")"
  mkdir "${package%@*}"
  tar xzf "$tarball" -C "${package%@*}" --strip-components=1 --no-same-owner
done
cd aws-lambda-ric
MAKEFLAGS="-j$(nproc)" sh scripts/preinstall.sh >"$work/log" 2>&1 || {
  tail -n 20 "$work/log" >&2
  exit 1
}
# Its C++ includes these for no use of its own; Node-API is enough, and needs no headers of Node's.
mkdir unused
touch unused/uv.h unused/v8.h unused/node.h
g++ -O1 -std=c++17 -fPIC -shared -fvisibility=hidden \
  -DNAPI_CPP_EXCEPTIONS -DNODE_GYP_MODULE_NAME=rapid_client \
  -isystem ../node-addon-api -isystem ../node-api-headers/include \
  -Iunused -Ideps/artifacts/include \
  src/rapid-client.cc -o dist/rapid-client.node \
  -Ldeps/artifacts/lib -laws-lambda-runtime deps/artifacts/lib/libcurl.a
rm -rf "$target"
mkdir -p "$target"
cp -r package.json LICENSE NOTICE bin dist "$target"
touch "$mark"
