#!/usr/bin/env bash
# Every decoder of the C parts under ASan and UBSan: npm run fuzz -- --minutes 10 [--seed 1]
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=10 seed=$(date +%s)
while [ $# -gt 0 ]; do
  case "$1" in
    --minutes) minutes=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    *) echo "usage: npm run fuzz -- [--minutes 10] [--seed <number>]" >&2; exit 64 ;;
  esac
done
make -s -C shim fuzz
targets=(table reply custody start)
each_ms=$(awk -v minutes="$minutes" -v count="${#targets[@]}" \
  'BEGIN { printf "%d", minutes * 60000 / count }')
for target in "${targets[@]}"; do
  echo "$target: seed $seed, $((each_ms / 1000)) s"
  "build/fuzz/$target" "$seed" "$each_ms"
done
