#!/usr/bin/env bash
# bench/compare sees what became slower, and refuses what is no result.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
result() { # NAME RATIO
  printf '{"machine": {}, "threads": 2, "results": [{"workload": "w", "ratio": %s}]}\n' "$2" >"$scratch/$1.json"
}
code() {
  local got=0
  "$SOURCE/bench/compare" "$@" >"$scratch/out" 2>&1 || got=$?
  echo "$got"
}
result old 2.0
result near 1.9
result slow 1.7
echo '{"results": 3}' >"$scratch/wrong.json"
for case in near:0 slow:1 wrong:2 missing:2; do
  got=$(code "$scratch/old.json" "$scratch/${case%:*}.json")
  [[ $got == "${case#*:}" ]] || { echo "${case%:*}: exit code $got"; cat "$scratch/out"; exit 1; }
done
code "$scratch/old.json" "$scratch/slow.json" >/dev/null
grep -q "SLOWER" "$scratch/out"
