#!/usr/bin/env bash
# Fuzzes the library, each target in its turn; without targets also, at the end, the C
# library from threads in C, under the sanitizers (ffi/ci/fuzz.sh):
#
#   scripts/fuzz.sh                    everything for 60 seconds each
#   SECONDS_EACH=600 scripts/fuzz.sh ops     one target for ten minutes
#   KEEP=1 scripts/fuzz.sh             and puts what is new into fuzz/corpus, minimised
#
# Installs cargo-fuzz where it is missing. The sanitizer coverage that it needs is
# unstable; RUSTC_BOOTSTRAP lets the stable compiler do it, so that no second one
# has to be there. An input that fails is left in fuzz/artifacts; run it again with
#
#   cargo fuzz run TARGET fuzz/artifacts/TARGET/FILE
#
# and put it into fuzz/corpus/TARGET once it is fixed: `cargo test -p oarlock-fuzz`
# replays the corpus with the stable compiler.
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=${SECONDS_EACH:-60}
targets=("$@")
[ $# -eq 0 ] && targets=(path ops manager calls)
export RUSTC_BOOTSTRAP=1

command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked || exit 2
out=build/fuzz
passed=0
failed=0
for target in "${targets[@]}"; do
  # What is found on the way goes here; the corpus in the tree stays small.
  mkdir -p "$out/$target"
  log=$out/$target.log
  cargo fuzz run --fuzz-dir fuzz --target-dir "${CARGO_TARGET_DIR:-build/fuzz/target}" "$target" \
    "$out/$target" "fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -max_len=512 -timeout=10 -rss_limit_mb=4096 >"$log" 2>&1
  status=$?
  runs=$(sed -nE 's/^Done ([0-9]+) runs.*/\1/p' "$log")
  if [ $status -eq 0 ]; then
    echo "PASS fuzz $target: $runs runs in $seconds s"
    passed=$((passed + 1))
  else
    tail -n 60 "$log"
    echo "FAIL fuzz $target: see $log"
    failed=$((failed + 1))
  fi
  if [ -n "${KEEP:-}" ] && [ $status -eq 0 ]; then
    scripts/fuzz-keep.sh "$target"
  fi
done
if [ $# -eq 0 ]; then
  echo "--- random calls from C"
  SECONDS_EACH=$seconds ffi/ci/fuzz.sh || failed=$((failed + 1))
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
