#!/usr/bin/env bash
# Random calls of the C interface on four threads, under AddressSanitizer and under
# ThreadSanitizer, each for a while:
#
#   SECONDS_EACH=60 ffi/ci/fuzz.sh
#
# A run that fails is left in build/fuzz; its seed is in its name. Once more:
#
#   build/fuzz/random_calls.tsan SEED 4000
set -uo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
root=$(dirname "$here")
cd "$root" || exit
out=$root/build/fuzz
. "$here/ci/lib.sh"
. "$here/ci/instrument.sh"
out=$root/build/fuzz
seconds=${SECONDS_EACH:-60}
mkdir -p "$out"

# shellcheck disable=SC2046 # flags are words
program() {
  "$cc" -std=c11 -g -pthread "-I$root/include" "$here/tests-c/random_calls.c" $(flags_of "$1") \
    $(linked_with "$1" "$(library_of "$1" a)") -o "$out/random_calls.$1"
}

# Seeds by chance until the time is up; the first that fails ends it.
for_a_while() {
  local end=$((SECONDS + seconds)) runs=0 seed log=$out/random_calls.$1.log
  while [ $SECONDS -lt $end ]; do
    seed=$((RANDOM * 32768 + RANDOM))
    in_time "$out/random_calls.$1" $seed 4000 >"$log" 2>&1 || {
      tail -n 60 "$log"
      mv "$log" "$out/random_calls.$1.$seed.log"
      return 1
    }
    runs=$((runs + 1))
  done
  ran="$runs runs in $seconds s"
}

for kind in asan tsan; do
  can $kind || continue
  check "$kind: the library compiles" instrumented $kind
  check "$kind: random_calls.c compiles" program $kind
  if for_a_while $kind; then pass "random calls under $kind: $ran"; else fail "random calls under $kind"; fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
