#!/usr/bin/env bash
# Replays scenarios through every surface, after building what they need.
#
#   scripts/conformance.sh [DIR]       every *.json of DIR (default: the tree's own)
#
# Prints "SURFACE: N passed, N failed" for each; fails if any failed. Everything
# is built quickly, not for speed: set PROFILE=release for what is shipped.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh

export PROFILE=${PROFILE:-dev}
log=build/log/conformance-build.log
mkdir -p build/log

build() {
  cargo build --locked --profile "$PROFILE" -p oarlock-conformance -p oarlock-server
  conformance/adapters/build.sh
  scripts/python.sh
  OARLOCK_PROFILE=$PROFILE scripts/node.sh
  npm install --prefix conformance/adapters/websocket --no-package-lock --no-audit --no-fund --loglevel=error
}
build >"$log" 2>&1 || { cat "$log"; echo "building the surfaces failed" >&2; exit 1; }

target=${CARGO_TARGET_DIR:-target}
if [ "$PROFILE" = dev ]; then built=$target/debug; else built=$target/$PROFILE; fi
OARLOCK_SERVER=$(realpath "$built/oarlock")
export OARLOCK_SERVER
exec "$built/conformance" "$@"
