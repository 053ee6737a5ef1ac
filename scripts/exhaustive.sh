#!/usr/bin/env bash
# Searches small worlds of the engine exhaustively, against the rules as a list, and
# prints the states and transitions of each:
#
#   scripts/exhaustive.sh              the small worlds (some minutes)
#   scripts/exhaustive.sh all [SECONDS]    every world, each for at most so long (3600)
#   scripts/exhaustive.sh WORLD [SECONDS]  one world; `full` is 3 owners and 4 requests
#
# What the worlds hold stands in proof/exhaustive/src/world.rs. Ends with an error at
# the first difference, with the fewest operations that lead to it.
set -uo pipefail
cd "$(dirname "$0")/.."

case ${1:-small} in
  small) worlds=(tiny two row four) ;;
  all)   worlds=(tiny two row four rows places five knots three line pairs permits queues changes full fuller) ;;
  *)     worlds=("$1") ;;
esac
seconds=${2:-3600}

cargo build --quiet --locked --release -p oarlock-exhaustive || exit 1
# Half of the time goes into small blocks of memory; more of them are kept at hand.
export GLIBC_TUNABLES=glibc.malloc.tcache_count=1000
passed=0
failed=0
for world in "${worlds[@]}"; do
  if "${CARGO_TARGET_DIR:-target}/release/oarlock-exhaustive" --world "$world" --seconds "$seconds"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
