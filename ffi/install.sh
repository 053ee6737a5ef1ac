#!/usr/bin/env bash
# Builds the C library and installs it below a prefix:
#
#   ffi/install.sh PREFIX            e.g. ffi/install.sh /usr/local
#   DESTDIR=/tmp/package ffi/install.sh /usr
#   PROFILE=dev ffi/install.sh "$PWD/build/stage"     (quicker to build)
#
# PREFIX is an absolute path. Puts there: the two headers, liboarlock.so with its links, liboarlock.a,
# pkg-config files (oarlock, oarlock-static) and a CMake package
# (oarlock::oarlock, oarlock::oarlock_static). All of it can be moved: the
# pkg-config and CMake files find the rest from where they stand.
set -euo pipefail

[ $# -eq 1 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
case $1 in
  /*) ;;
  *) echo "ffi/install.sh: PREFIX must be an absolute path, not '$1'" >&2; exit 2 ;;
esac
prefix=$(realpath -ms -- "$1")
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
profile=${PROFILE:-release}
at="${DESTDIR:-}$prefix"

cd "$root"
cargo build --quiet --locked -p oarlock-ffi --profile "$profile"
[ "$profile" = dev ] && built=debug || built=$profile
target=${CARGO_TARGET_DIR:-target}/$built

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
# The ABI version, as in build.rs.
abi=0

install -d "$at/include" "$at/lib/pkgconfig" "$at/lib/cmake/oarlock"
install -m 644 include/oarlock.h include/oarlock.hpp "$at/include/"

install -m 755 "$target/liboarlock.so" "$at/lib/liboarlock.so.$version"
ln -sf "liboarlock.so.$version" "$at/lib/liboarlock.so.$abi"
ln -sf "liboarlock.so.$abi" "$at/lib/liboarlock.so"

"$here/archive.sh" "$target/liboarlock.a" "$at/lib/liboarlock.a"
chmod 644 "$at/lib/liboarlock.a"

for file in oarlock.pc oarlock-static.pc; do
  sed "s/@VERSION@/$version/g" "$here/install/$file.in" > "$at/lib/pkgconfig/$file"
done
for file in oarlockConfig.cmake oarlockConfigVersion.cmake; do
  sed "s/@VERSION@/$version/g; s/@ABI@/$abi/g" "$here/install/$file.in" \
    > "$at/lib/cmake/oarlock/$file"
done
