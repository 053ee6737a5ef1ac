#!/usr/bin/env bash
# Threads that do everything that can be done with managers, for a while, with a
# check on the side:
#
#   scripts/stress.sh [SECONDS] [OPTION VALUE]...   default 20; stress/src/main.rs
#                                                   knows --seed, --threads, --patience
#
# Optimised as what is shipped, but with debug assertions and overflow checks.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-20}
[ $# -eq 0 ] || shift
target=${CARGO_TARGET_DIR:-target}/stress
CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS=true \
  CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS=true CARGO_TARGET_DIR=$target \
  cargo build --locked --quiet --release -p oarlock-stress
exec "$target/release/stress" --seconds "$seconds" "$@"
