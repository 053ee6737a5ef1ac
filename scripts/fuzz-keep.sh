#!/usr/bin/env bash
# Merges what `scripts/fuzz.sh` has found for a target into fuzz/corpus: the
# fewest inputs that cover the same, at most MOST (65) of them, the smallest first.
#
#   scripts/fuzz-keep.sh TARGET
set -euo pipefail
cd "$(dirname "$0")/.."
target=$1
most=${MOST:-65}
export RUSTC_BOOTSTRAP=1
kept=fuzz/corpus/$target
merged=build/fuzz/$target.merged
rm -rf "$merged"
mkdir -p "$merged" "$kept"
cargo fuzz run --fuzz-dir fuzz --target-dir "${CARGO_TARGET_DIR:-build/fuzz/target}" "$target" \
  "$merged" "$kept" "build/fuzz/$target" -- -set_cover_merge=1 -max_len=512 >"build/fuzz/$target.merge.log" 2>&1
# Seeds by hand have names; they stay. What the fuzzer found is named by its hash.
find "$kept" -type f -regextype posix-extended -regex '.*/[0-9a-f]{40}' -delete
seeds=$(find "$kept" -type f | wc -l)
find "$merged" -type f -printf '%s %p\n' | sort -n | head -n $((most - seeds)) | cut -d' ' -f2- |
  while read -r file; do cp "$file" "$kept/"; done
echo "$kept: $(find "$kept" -type f | wc -l) files"
