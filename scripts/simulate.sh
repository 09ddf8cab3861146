#!/usr/bin/env bash
# Seeds of the simulated world, kept ones first. See scripts/simulate.ts for the options.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/build.sh >&2
exec node dist/scripts/simulate.js "$@"
