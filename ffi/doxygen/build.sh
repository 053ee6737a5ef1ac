#!/usr/bin/env bash
# The headers as web pages, in build/docs-c or the folder that is given. Any warning is
# an error: see the end of the Doxyfile.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
. ffi/ci/tools.sh

to=${1:-build/docs-c}
doxygen=$(doxygen_path)
rm -rf "$to"
mkdir -p "$to"
{
  cat "$here/Doxyfile"
  printf 'OUTPUT_DIRECTORY = "%s"\nPROJECT_NUMBER = "%s"\n' "$to" \
    "$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
  printf '%s\n' "${@:2}"
} | "$doxygen" -
[ $# -gt 0 ] || echo "the pages begin at $to/index.html"
