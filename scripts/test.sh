#!/usr/bin/env bash
# Runs every test of the project, one step after the other, and ends with the
# totals: a line for each step, one that names what has failed, if anything has, and
# "N passed, N failed". A failing step does not stop the others; any failure fails
# the run. Each step can be run by hand: its command stands beside its name at the end.
#
#   scripts/test.sh [STEP]...      all steps, or only these
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh
logs=build/log
mkdir -p "$logs"

wanted=("$@")
steps="format clippy rustdoc rust loom shuttle stress c-and-c++ examples python node server conformance readme demo"
for name in "${wanted[@]}"; do
  if [[ " $steps " != *" $name "* ]]; then
    echo "there is no step $name; there are: $steps" >&2
    exit 2
  fi
done
summary=()
wrong=()
passed=0
failed=0

# count HOW LOG: prints "PASSED FAILED" as the step's own runner counted them.
#   cargo  adds up the result lines of cargo's test runner
#   sum    adds up all lines of the form "[NAME: ]N passed, N failed"
#   last   takes the last such line
count() {
  case $1 in
    cargo) sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed;.*/\1 \2/p' "$2" ;;
    sum)   sed -nE 's/^([^ ]+: )?([0-9]+) passed, ([0-9]+) failed.*/\2 \3/p' "$2" ;;
    last)  sed -nE 's/^([^ ]+: )?([0-9]+) passed, ([0-9]+) failed.*/\2 \3/p' "$2" | tail -n 1 ;;
  esac | awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }'
}

# list WORDS...: prints them with commas between.
list() {
  printf '%s' "$1"
  shift
  [ $# -eq 0 ] || printf ', %s' "$@"
}

# blame NAME HOW LOG: prints "NAME (TEST, TEST)" with the tests that failed, or NAME if
# the log names none.
blame() {
  local tests many=12
  mapfile -t tests < <(awk -v how="$2" -f scripts/failing.awk "$3")
  if [ ${#tests[@]} -gt $many ]; then tests=("${tests[@]:0:many}" "and $((${#tests[@]} - many)) more"); fi
  if [ ${#tests[@]} -gt 0 ]; then printf '%s (%s)' "$1" "$(list "${tests[@]}")"; else printf '%s' "$1"; fi
}

# step NAME HOW COMMAND...: HOW as above, or "check" for a step that is one check.
step() {
  local name=$1 how=$2 log=$logs/$1.log begin=$SECONDS status p f
  shift 2
  if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then
    return
  fi
  printf '\n=== %s: %s\n' "$name" "$*"
  "$@" >"$log" 2>&1 </dev/null
  status=$?
  if [ "$how" = check ]; then
    if [ $status -eq 0 ]; then p=1 f=0; else p=0 f=1; fi
  else
    read -r p f < <(count "$how" "$log")
    # A runner that broke off before it could count is a failure too, and so is
    # one that ran nothing.
    if [ $status -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ $status -eq 0 ] && [ "$p" -eq 0 ]; then f=1; fi
  fi
  if [ "$f" -gt 0 ]; then
    tail -n 150 "$log"
    wrong+=("$(blame "$name" "$how" "$log")")
  else
    tail -n 3 "$log"
  fi
  passed=$((passed + p))
  failed=$((failed + f))
  summary+=("$(printf '%-14s %5d passed %3d failed %5ds' "$name" "$p" "$f" $((SECONDS - begin)))")
  printf '=== %s took %d s\n' "$name" $((SECONDS - begin))
}

# The two bindings' crates are tested by their own scripts, below.
rust=(--workspace --exclude oarlock-python --exclude oarlock-node)

step format      check cargo fmt --all --check
step clippy      check cargo clippy --workspace --all-targets -- -D warnings
step rustdoc     check env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --exclude oarlock-ffi --exclude oarlock-python --exclude oarlock-node
step rust        cargo cargo test "${rust[@]}"
step loom        cargo scripts/loom.sh
step shuttle     cargo scripts/shuttle.sh 4000
step stress      check scripts/stress.sh 20
step c-and-c++   last  ffi/ci.sh
step examples    last  scripts/examples.sh
step python      last  bindings/python/ci.sh
step node        last  bindings/node/ci.sh
step server      last  server/ci.sh
step conformance sum   scripts/conformance.sh
step readme      last  scripts/check-readme.py
step demo        check scripts/demo.sh --quick

printf '\n=== totals\n'
printf '%s\n' "${summary[@]}"
printf 'logs are in %s, %d seconds in all\n\n' "$logs" "$SECONDS"
[ ${#wrong[@]} -eq 0 ] || printf 'failed: %s\n' "$(list "${wrong[@]}")"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
