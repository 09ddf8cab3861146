#!/usr/bin/env bash
# Measures Imaginary Machines beside what it replaces; see docs/benchmarks.md. What the machine
# lacks is named and skipped. On Debian:
#   apt-get install redis-server strace xinetd systemd iproute2
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/build.sh
make -s -C shim fixtures
exec node dist/bench/main.js "$@"
