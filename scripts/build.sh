#!/usr/bin/env bash
# Installs what is missing and builds everything: C parts with make, TypeScript with tsc.
set -euo pipefail
cd "$(dirname "$0")/.."

node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`error: Node 20.19 or later is needed, this is ${process.version}`);
    process.exit(1);
  }'
for tool in cc make; do
  command -v "$tool" >/dev/null || {
    echo "error: \`$tool\` is needed to compile the shim; install a C compiler and make" >&2
    exit 1
  }
done

if [ ! -e node_modules/.package-lock.json ] ||
  [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "installing packages"
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
fi
make -s -C shim
npx --no-install tsc
chmod +x bin/im.mjs
