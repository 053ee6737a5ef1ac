#!/usr/bin/env bash
# Runs the actors of stress/ and the histories of proof/ under shuttle, which picks the
# order of their steps:
#
#   scripts/shuttle.sh [N] [PLAY]...   N executions of each play with each of the two
#                                      schedulers (default 20000; a minute), only
#                                      plays whose test's name contains one of the words
#
# OARLOCK_SEED repeats a run: every seed is printed. The core is built anew with
# --cfg shuttle, in a target folder of its own, with debug assertions.
set -euo pipefail
cd "$(dirname "$0")/.."

export OARLOCK_SHUTTLE=${1:-20000}
[ $# -eq 0 ] || shift
log=build/log/shuttle-run.log
mkdir -p build/log
status=0
env RUSTFLAGS="--cfg shuttle" CARGO_PROFILE_DEV_OPT_LEVEL=2 \
  CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/shuttle" \
  cargo test --locked -p oarlock-stress -p oarlock-proof --test shuttle --test history_shuttle \
  -- --nocapture "$@" >"$log" 2>&1 || status=$?
if [ $status -ne 0 ]; then
  # Schedules are long; the seed says the same.
  tail -n 100 "$log" | cut -c 1-500
fi
{ grep -o 'shuttle: .* executions' "$log" || true; } | sort
sed -nE 's/.*shuttle: .*: ([0-9]+) executions/\1/p' "$log" |
  awk '{ sum += $1 } END { printf "shuttle: %d executions in all\n", sum }'
grep '^test result' "$log" || true
exit $status
