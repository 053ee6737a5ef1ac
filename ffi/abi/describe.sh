#!/usr/bin/env bash
# describe.sh STAGE [HEADER]: what the library installed in STAGE promises to
# compiled programs and to those that are compiled, one line each.
set -euo pipefail
stage=$1
header=${2:-$stage/include/oarlock.h}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

number() { sed -nE "s/^#define OARLOCK_VERSION_$1 ([0-9]+)$/\1/p" "$header"; }
soname=$(LC_ALL=C readelf -d "$stage/lib/liboarlock.so" | sed -n 's/.*soname: \[liboarlock\.so\.\(.*\)\].*/\1/p')

cp "$header" "$work/oarlock.h"
"$here/header.py" "$header" program >"$work/shape.c"
"${CC:-cc}" -std=c11 -w "-I$work" "$work/shape.c" -o "$work/shape"

cat <<END
# What is promised to programs: see docs/c-abi.md, "Stability". Not edited by
# hand: UPDATE=1 ffi/ci.sh abi writes it, and refuses what breaks a promise.
version $(number MAJOR).$(number MINOR)
abi $soname
END
{
  "$work/shape"
  "$here/header.py" "$header" lines
} | LC_ALL=C sort
