#!/bin/sh
# Builds what `oarlock-demo` runs: the library, the server and the six programs.
#
#   demo/build.sh            optimised, as `make demo` runs it
#   demo/build.sh debug      faster to build; the numbers then mean little
#
# Needs cargo, a C and a C++ compiler, python3 with venv, node and npm; the rest
# comes from the package registries. Leaves its work in build/demo and target.
set -eu
cd "$(dirname "$0")/.."
. scripts/trust.sh

case "${1:-release}" in
  release) profile=release; cargo_profile=release ;;
  debug) profile=debug; cargo_profile=dev ;;
  *) echo "usage: demo/build.sh [release|debug]" >&2; exit 2 ;;
esac
out=build/demo
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$out/lib"

echo "== Rust: the library, the server, the driver and the first program"
cargo build --profile "$cargo_profile" --locked \
  -p oarlock-ffi -p oarlock-server -p oarlock-demo -p oarlock-example

echo "== C and C++"
# The programs look for the library by its soname; they find it beside them.
library=$(cd "$target/$profile" && pwd)/liboarlock.so
ln -sf "$library" "$out/lib/liboarlock.so"
ln -sf "$library" "$out/lib/liboarlock.so.0"
link="-L$out/lib -loarlock -Wl,-rpath,\$ORIGIN/lib -pthread"
warnings="-Wall -Wextra -Wpedantic -Werror"
# shellcheck disable=SC2086 # lists of words
"${CC:-cc}" -std=c11 -O2 $warnings -Iinclude examples/c/demo.c examples/c/files.c -o "$out/demo-c" $link
# shellcheck disable=SC2086
"${CXX:-c++}" -std=c++17 -O2 $warnings -Iinclude examples/cpp/demo.cpp -o "$out/demo-cpp" $link

echo "== Python"
scripts/venv.sh "$out/python" "${PYTHON:-python3}"
"$out/python/bin/python" -m pip install --quiet --disable-pip-version-check \
  --config-settings "build-args=--profile $cargo_profile --locked" ./bindings/python

echo "== Node and WebSocket"
# Built by name, not by npm's install script, which npm may be told not to run.
OARLOCK_PROFILE=$cargo_profile node bindings/node/scripts/build.mjs
npm="npm install --ignore-scripts --no-audit --no-fund --loglevel=error"
$npm --prefix examples/node --no-package-lock # its one package is a link
$npm --prefix examples/websocket

echo "Built: $target/$profile/oarlock-demo runs it."
