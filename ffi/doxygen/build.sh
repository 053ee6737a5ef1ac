#!/usr/bin/env bash
# The headers as web pages: build.sh [FOLDER [SETTING]...], else in build/docs-c.
# Any warning is an error: see the end of the Doxyfile.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
. ffi/ci/tools.sh

to=${1:-build/docs-c}
doxygen=$(doxygen_path)
rm -rf "$to"
mkdir -p "$to"
# What stands at the top of the C header is the first page.
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
{
  printf '/** @mainpage\n@verbatim\n'
  sed -n '/^#ifndef OARLOCK_H/q; s|^ \* \{0,1\}||p' include/oarlock.h
  printf '@endverbatim\n*/\n'
} >"$top/top.dox"
{
  cat "$here/Doxyfile"
  printf 'INPUT += "%s"\nOUTPUT_DIRECTORY = "%s"\nPROJECT_NUMBER = "%s"\n' "$top" "$to" \
    "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
  printf '%s\n' "${@:2}"
} | "$doxygen" -
[ $# -gt 0 ] || echo "the pages begin at $to/index.html"
