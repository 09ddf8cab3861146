#!/usr/bin/env bash
# Twenty hosts, a hundred clients, and a kill -9 each second. See soak/plan.ts for the options.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/build.sh
make -s -C shim soak
exec node dist/soak/main.js "$@"
