#!/usr/bin/env bash
# Seeds of the simulated world, kept ones first. See scripts/simulate.ts for the options.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/build.sh >&2
# Each thread sweeps its own: there are as many as processors.
exec node --single-threaded-gc dist/scripts/simulate.js "$@"
