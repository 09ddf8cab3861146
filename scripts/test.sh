#!/usr/bin/env bash
# The whole suite. What this machine lacks is skipped by name, at the end of the output.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/build.sh
make -s -C shim fixtures
npx --no-install biome check --error-on-warnings .
export IM_SKIPPED_FILE="$(mktemp)"
trap 'rm -f "$IM_SKIPPED_FILE"' EXIT
status=0
npx --no-install ava "$@" || status=$?
if [ -s "$IM_SKIPPED_FILE" ]; then
  echo "skipped on this machine:"
  sort -u "$IM_SKIPPED_FILE" | sed 's/^/  - /'
fi
exit "$status"
