#!/usr/bin/env bash
# Builds everything that the demo runs and runs it on a real directory tree.
#
#   scripts/demo.sh [--tree DIR] [--seconds S] [--workers N] [--only SURFACE]
#   scripts/demo.sh --quick       a short run of quickly built programs, as a test
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh

profile=release
arguments=("$@")
if [ "${1:-}" = --quick ]; then
  profile=debug
  arguments=(--seconds 1 "${@:2}")
fi
log=build/log/demo-build.log
mkdir -p build/log
echo "Building the library, the bindings, the server and the six programs ($log) ..."
if ! demo/build.sh "$profile" 2>&1 | tee "$log" | grep --line-buffered '^=='; then
  cat "$log"
  exit 1
fi
exec "${CARGO_TARGET_DIR:-target}/$profile/oarlock-demo" "${arguments[@]}"
