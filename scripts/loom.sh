#!/usr/bin/env bash
# Runs the models of core/tests/loom and prints how many executions there were.
#
#   scripts/loom.sh [N] [MODEL]...    with at most N preemptions in one execution
#                                     (default 3; 20 seconds), only models whose
#                                     test's name contains one of the words
#   scripts/loom.sh all [MODEL]...    every execution that there is, a model for at
#                                     most LOOM_MAX_DURATION seconds (default 60;
#                                     half an hour)
#
# The core is built anew with --cfg loom, in a target folder of its own, with
# debug assertions.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-3} in
  all) export OARLOCK_LOOM=all LOOM_MAX_DURATION=${LOOM_MAX_DURATION:-60} ;;
  *)   export LOOM_MAX_PREEMPTIONS=${1:-3} ;;
esac
[ $# -eq 0 ] || shift
log=build/log/loom-run.log
mkdir -p build/log
status=0
env RUSTFLAGS="--cfg loom" CARGO_PROFILE_DEV_OPT_LEVEL=2 \
  CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom" \
  cargo test --locked -p oarlock --test loom -- --nocapture "$@" >"$log" 2>&1 || status=$?
if [ $status -ne 0 ]; then
  tail -n 100 "$log"
fi
{ grep -o 'loom: .* executions.*' "$log" || true; } | sort
sed -nE 's/.*loom: .*: ([0-9]+) executions.*/\1/p' "$log" |
  awk '{ sum += $1 } END { printf "loom: %d executions in all\n", sum }'
grep '^test result' "$log" || true
exit $status
