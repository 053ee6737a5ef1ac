#!/usr/bin/env bash
# Builds the contenders in C and C++ against the library as `make lib` builds it:
#
#   benches/foreign/build.sh FOLDER      libforeign-*.so, allocations; in FOLDER
#
# What is built finds its liboarlock beside itself. scripts/bench.sh calls this.
set -euo pipefail
out=$(realpath "$1")
cd "$(dirname "$0")/../.."
here=benches/foreign

cargo build --quiet --locked --release -p oarlock-ffi
cp "${CARGO_TARGET_DIR:-target}/release/liboarlock.so" "$out/liboarlock.so.0"
ln -sf liboarlock.so.0 "$out/liboarlock.so"

flags=(-O2 -Wall -Wextra -Werror -I include -I "$here")
link=(-L "$out" "-Wl,-rpath,\$ORIGIN" -loarlock -pthread)
for name in calls waiting; do
  "${CC:-cc}" -std=gnu11 "${flags[@]}" -fPIC -shared "$here/$name.c" "${link[@]}" -o "$out/libforeign-$name.so"
done
"${CXX:-c++}" -std=c++17 "${flags[@]}" -fPIC -shared "$here/mutexes.cpp" "${link[@]}" -o "$out/libforeign-mutexes.so"
"${CC:-cc}" -std=gnu11 "${flags[@]}" "$here/allocations.c" -ldl -o "$out/allocations"
