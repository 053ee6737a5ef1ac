#!/usr/bin/env bash
# Changes the engine in every small way that cargo-mutants knows (another operator,
# a constant in the place of a result) and looks whether a test sees it:
#
#   scripts/mutants.sh                 all of them: hours
#   scripts/mutants.sh 1/20            the second twentieth, counted from 0
#   JOBS=2 scripts/mutants.sh          two at a time
#
# The tests are the engine's own and the search of the smallest world, which takes
# seconds. Survivors are in build/mutants/mutants.out/missed.txt; docs/mutants.md
# says of each why that is so. Installs cargo-mutants where it is missing.
set -uo pipefail
cd "$(dirname "$0")/.."

command -v cargo-mutants >/dev/null || cargo install cargo-mutants --locked || exit 2
shard=()
[ $# -ge 1 ] && shard=(--shard "$1" --sharding round-robin)
mkdir -p build/mutants
# In a copy of the tree; what git ignores stays behind.
exec cargo mutants --output build/mutants --package oarlock --file 'core/src/engine/*.rs' \
  --test-package oarlock --test-package oarlock-exhaustive \
  --jobs "${JOBS:-1}" --minimum-test-timeout 30 --timeout-multiplier 4 --no-shuffle "${shard[@]}" \
  -- --locked --lib --test tiny
