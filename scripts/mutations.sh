#!/usr/bin/env bash
# Breaks a rule of the core on purpose, one at a time, and prints which checker
# sees it: the proof that each of them can fail. Fails if a checker misses what it is
# there for, if one fails without need, and if a mutation is seen by nobody.
#
#   scripts/mutations.sh [MUTATION]...     default: all, and "none"; most of an hour
#   CHECKERS="loom stress" scripts/mutations.sh ...
#   scripts/mutations.sh quick             three mutations before the quick checkers
#
# A mutation is code behind --cfg oarlock_mutation="NAME" that no other build has;
# grep for it in core/src. Logs are in build/log/mutations.
set -uo pipefail
cd "$(dirname "$0")/.."

# One function a checker: builds what it needs with cargo, and fails on a breach.
#   units      the engine's own tests
#   found      histories that failed once, on engine and managers, against the naive list
#   list       random operations against the same
#   search     every state of the smallest world of the engine against the same
#   corpus     what the fuzzer has found, once more
#   scenarios  the conformance scenarios, on the engine and through Rust
#   history    what threads do to a manager at the same time, against the same
# and loom, shuttle and stress for the threads.
quick="units found list search corpus"
checkers=${CHECKERS:-$quick scenarios history loom shuttle stress}
[ "${1:-}" != quick ] || checkers=${CHECKERS:-$quick}
units() { cargo test --locked -p oarlock --lib engine::; }
found() { cargo test --locked -p oarlock-proof --test found_before; }
list() { cargo run --locked --release -p oarlock-proof --bin random -- --ops 200000 --seed 1; }
search() { cargo test --locked --release -p oarlock-exhaustive --test tiny; }
corpus() { cargo test --locked --release -p oarlock-fuzz; }
scenarios() {
  cargo run --locked --release -p oarlock-conformance --bin conformance -- \
    --surface engine --surface rust
}
history() { cargo run --locked --release -p oarlock-proof --bin history -- --ops 400000 --seed 1; }
loom() { scripts/loom.sh 2; }
shuttle() { scripts/shuttle.sh 5000; }
stress() { scripts/stress.sh 8 --patience 4 --seed 1; }

# What each checker has to see; the others may. A wake that is lost is nothing to the
# engine.
expected() {
  case $1 in
    none)          echo "" ;;
    lose_one_wake) echo "history loom shuttle stress" ;;
    # What seldom comes by chance.
    uncounted_permit | reorder_one_by_one)
                   echo "found" ;;
    retire_freed)  echo "units" ;;
    enter_late)    echo "loom" ;;
    # Of owners that wait for each other: what the smallest world is too small for.
    no_bypass | refuse_soft | asker_first | keep_passed | keep_pairs | search_near)
                   echo "list" ;;
    *)             echo "search corpus history loom shuttle stress" ;;
  esac
}

logs=$PWD/build/log/mutations
mkdir -p "$logs"
mutations=("$@")
[ "${1:-}" != quick ] || mutations=(none skip_one_scan ignore_limit upgrade_behind_waiters)
[ ${#mutations[@]} -gt 0 ] || mutations=(
  none skip_one_scan grant_one_too_many lose_one_wake keep_cancelled_entry
  upgrade_behind_waiters forget_owner_exemption ignore_limit
  no_bypass refuse_soft asker_first keep_passed keep_pairs search_near
  uncounted_permit retire_freed reorder_one_by_one enter_late
)

# wrapper MUTATION: a command that cargo puts before the compiler for the crates of
# this workspace, so that what they depend on is built once for all mutations. Its
# path tells cargo the builds apart.
wrapper() {
  local path=$logs/$1.rustc
  printf '#!/bin/sh\nexec "$@" --cfg '"'oarlock_mutation=\"%s\"'\n" "$1" >"$path"
  chmod +x "$path"
  echo "$path"
}

# run MUTATION CHECKER: "caught", "passed", or "BROKEN" if nothing could be built.
run() {
  local log=$logs/$1-$2.log
  if (RUSTC_WORKSPACE_WRAPPER=$(wrapper "$1") && export RUSTC_WORKSPACE_WRAPPER && "$2") >"$log" 2>&1 </dev/null; then
    echo passed
  elif grep -qE '^error: could not compile|^error: failed|^error\[' "$log"; then
    echo BROKEN
  else
    echo caught
  fi
}

wrong=0
seen=0
row() { printf '%-23s' "$1"; shift; printf ' %-12s' "$@"; echo; }
# shellcheck disable=SC2086
row mutation $checkers
for mutation in "${mutations[@]}"; do
  cells=()
  caught=0
  for checker in $checkers; do
    cell=$(run "$mutation" "$checker")
    [ "$cell" != caught ] || caught=$((caught + 1))
    want=passed
    [[ " $(expected "$mutation") " != *" $checker "* ]] || want=caught
    # Where it is not asked for it is welcome all the same.
    if [ "$cell" = "$want" ] || { [ "$cell" = caught ] && [ "$mutation" != none ]; }; then
      seen=$((seen + 1))
    else
      wrong=$((wrong + 1))
      cell="$cell(!)"
    fi
    cells+=("$cell")
  done
  if [ "$mutation" != none ] && [ $caught -eq 0 ]; then
    wrong=$((wrong + 1))
    cells+=("SEEN BY NOBODY")
  fi
  row "$mutation" "${cells[@]}"
done
echo "$seen passed, $wrong failed"
[ $wrong -eq 0 ]
