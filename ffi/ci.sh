#!/usr/bin/env bash
# Tests the C library and its headers, from a clean clone and by hand:
#
#   ffi/ci.sh                  with a quickly built library
#   ffi/ci.sh abi doxygen      only these parts
#   PROFILE=release ffi/ci.sh  with the library as it is shipped
#   UPDATE=1 ffi/ci.sh abi     writes the header, ffi/symbols.txt and ffi/abi anew
#   JOBS=2 OUT=/some/folder    programs at a time; instead of build/ffi
#
# The parts are files of ffi/ci. Needs a C and a C++ compiler of GNU's kind with
# binutils, and Python; uses valgrind where it is. pkg-config, cmake and doxygen are
# installed into build/tools where they are missing. Prints PASS or FAIL for each
# test and ends with "N passed, N failed".
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
cd "$root" || exit
. "$here/ci/lib.sh"

every="library headers abi programs sanitizers memcheck install consumers doxygen examples"
for part in "$@"; do
  [[ " $every " == *" $part "* ]] && continue
  echo "there is no part $part; there are: $every" >&2
  exit 2
done
# Every other part uses the library as it is installed.
[ $# -gt 0 ] && every="library $(printf '%s\n' "$@" | grep -vx library)"

[ $# -gt 0 ] || rm -rf "$out"
mkdir -p "$out"
for part in $every; do
  begin=$SECONDS
  echo "--- $part"
  # shellcheck source=/dev/null
  . "$here/ci/$part.sh"
  echo "--- $part: $((SECONDS - begin)) s"
done

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
