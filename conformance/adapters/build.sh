#!/usr/bin/env bash
# Builds the adapters of C and C++ as build/conformance/adapter-c and adapter-cpp,
# against the library as it would be installed. PROFILE=release optimises it.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=build/conformance
PROFILE=${PROFILE:-dev} ffi/install.sh "$PWD/$out/oarlock"
flags=(-O1 -g -Wall -Wextra -pedantic -Werror -I "$out/oarlock/include")
link=(-L "$out/oarlock/lib" -Wl,-rpath,"\$ORIGIN/oarlock/lib" -loarlock)
"${CC:-cc}" -std=c99 "${flags[@]}" conformance/adapters/c/*.c "${link[@]}" -o "$out/adapter-c"
"${CXX:-c++}" -std=c++17 "${flags[@]}" conformance/adapters/cpp/adapter.cpp "${link[@]}" -o "$out/adapter-cpp"
