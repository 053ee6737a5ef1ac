#!/usr/bin/env bash
# Breaks a rule of the core on purpose, one at a time, and prints which checker
# sees it. Fails if one misses what it is there for, or if one fails without need.
#
#   scripts/mutations.sh [MUTATION]...     default: all, and "none"
#   CHECKERS="loom stress" scripts/mutations.sh ...
#
# A mutation is code behind --cfg oarlock_mutation="NAME" that no other build has;
# grep for it in core/src. Logs are in build/log/mutations.
set -uo pipefail
cd "$(dirname "$0")/.."

# One function a checker: builds what it needs with cargo, and fails on a breach.
checkers=${CHECKERS:-loom shuttle stress}
loom() { scripts/loom.sh 2; }
shuttle() { scripts/shuttle.sh 5000; }
stress() { scripts/stress.sh 8 --patience 4 --seed 1; }

# What each checker has to see.
expected() {
  case $1 in
    none) echo "" ;;
    *)    echo "loom shuttle stress" ;;
  esac
}

logs=$PWD/build/log/mutations
mkdir -p "$logs"
mutations=("$@")
[ ${#mutations[@]} -gt 0 ] || mutations=(
  none skip_one_scan grant_one_too_many lose_one_wake keep_cancelled_entry
  upgrade_behind_waiters forget_owner_exemption ignore_limit
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
  for checker in $checkers; do
    cell=$(run "$mutation" "$checker")
    want=passed
    [[ " $(expected "$mutation") " != *" $checker "* ]] || want=caught
    if [ "$cell" = "$want" ]; then
      seen=$((seen + 1))
    else
      wrong=$((wrong + 1))
      cell="$cell(!)"
    fi
    cells+=("$cell")
  done
  row "$mutation" "${cells[@]}"
done
echo "$seen passed, $wrong failed"
[ $wrong -eq 0 ]
