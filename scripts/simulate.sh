#!/usr/bin/env bash
# Seeds of the simulated world, kept ones first. See scripts/simulate.ts for the options.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/build.sh >&2
# Most of what a world makes lives for one event only.
exec node --max-semi-space-size=64 dist/scripts/simulate.js "$@"
