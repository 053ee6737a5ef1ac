#!/usr/bin/env bash
# archive.sh IN.a OUT.a: makes the static library that is installed.
#
# What the compiler gives has thousands of global symbols, of the Rust standard
# library and others, which would clash with those of another such archive in
# one program. Here all objects become one, of which only the functions of
# symbols.txt are global.
set -euo pipefail

in=$1
out=$2
symbols=$(cd "$(dirname "$0")" && pwd)/symbols.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -f "$out"

# The same with Apple's tools, whose names of C functions begin with _; untested.
if [ "$(uname)" = Darwin ]; then
  sed 's/^/_/' "$symbols" >"$work/symbols"
  # shellcheck disable=SC2046 # one word a symbol
  ld -r -arch "$(uname -m)" $(sed 's/^/-u /' "$work/symbols") \
    -exported_symbols_list "$work/symbols" -o "$work/oarlock.o" "$in"
  strip -S "$work/oarlock.o"
  libtool -static -o "$out" "$work/oarlock.o"
  exit
fi

# --gc-sections drops what none of our functions reaches.
# --force-group-allocation turns section groups into plain sections: a group of
# another archive must not replace ours, whose symbols are no longer global.
# shellcheck disable=SC2046 # one word a symbol
ld -r --gc-sections --force-group-allocation $(sed 's/^/-u /' "$symbols") -o "$work/all.o" "$in"
# .llvmbc and .llvmcmd are the compiler's own notes; --strip-unneeded also drops
# undefined names that nothing uses any more.
objcopy --remove-section=.llvmbc --remove-section=.llvmcmd --strip-debug --strip-unneeded \
  --keep-global-symbols="$symbols" "$work/all.o" "$work/oarlock.o"
ar rcsD "$out" "$work/oarlock.o"
