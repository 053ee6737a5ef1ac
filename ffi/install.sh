#!/usr/bin/env bash
# Builds the C library and installs it below a prefix, or removes it from there:
#
#   ffi/install.sh PREFIX                e.g. ffi/install.sh /usr/local
#   ffi/install.sh --uninstall PREFIX    with the same settings
#   DESTDIR=/tmp/package LIBDIR=lib64 ffi/install.sh /usr
#   PROFILE=dev ffi/install.sh "$PWD/build/stage"     (quicker to build)
#
# PREFIX is an absolute path. LIBDIR (lib) and INCLUDEDIR (include) are absolute
# or below PREFIX. DESTDIR is put before all of them and written into no file.
#
# Puts there: the headers, the shared library with its links, the static library,
# pkg-config files (oarlock, oarlock-static) and a CMake package
# (oarlock::oarlock, oarlock::oarlock_static). All of it can be moved together:
# the pkg-config and CMake files find the rest from where they stand.
set -euo pipefail

usage() { sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }
remove=
if [ "${1:-}" = --uninstall ]; then
  remove=1
  shift
fi
[ $# -eq 1 ] || usage
case $1 in
  /*) ;;
  *) echo "ffi/install.sh: PREFIX must be an absolute path, not '$1'" >&2; exit 2 ;;
esac
destdir=${DESTDIR:-}
case $destdir in ''|/*) ;; *) destdir=$PWD/$destdir ;; esac
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
cd "$root"

# absolute PATH BASE: without . and .. and doubled slashes, whatever exists.
absolute() {
  local path=$1 part
  local -a parts kept=()
  [[ $path == /* ]] || path=$2/$path
  IFS=/ read -ra parts <<<"$path"
  for part in "${parts[@]}"; do
    case $part in
      ''|.) ;;
      ..) [ ${#kept[@]} -eq 0 ] || unset "kept[${#kept[@]}-1]" ;;
      *) kept+=("$part") ;;
    esac
  done
  local IFS=/
  printf '/%s\n' "${kept[*]}"
}

# relative TO FROM: the way from the folder FROM to TO, both absolute.
relative() {
  local to=$1 from=$2 up=
  while [[ $to/ != "${from%/}"/* ]]; do
    from=${from%/*}
    up+=../
  done
  to=${to#"$from"}
  to=$up${to#/}
  printf '%s\n' "${to%/}"
}

prefix=$(absolute "$1" /)
libdir=$(absolute "${LIBDIR:-lib}" "$prefix")
includedir=$(absolute "${INCLUDEDIR:-include}" "$prefix")

# put MODE FILE TARGET: installs the file, or removes what was installed.
put() {
  local target=$destdir$3
  if [ "$remove" ]; then
    rm -f -- "$target"
  else
    install -d -- "${target%/*}"
    install -m "$1" -- "$2" "$target"
  fi
}

# fill FILE TARGET: the same for a file of install/ in which names are filled in.
fill() {
  [ "$remove" ] || sed \
    -e "s|@VERSION@|$version|g" \
    -e "s|@POINTER@|$pointer|g" \
    -e "s|@SHARED@|$shared|g" \
    -e "s|@SONAME@|$install_name|g" \
    -e "s|@PREFIX_FROM_PC@|$(relative "$prefix" "$libdir/pkgconfig")|g" \
    -e "s|@LIB_BELOW_PREFIX@|$(relative "$libdir" "$prefix")|g" \
    -e "s|@INCLUDE_BELOW_PREFIX@|$(relative "$includedir" "$prefix")|g" \
    -e "s|@INCLUDE_FROM_LIB@|$(relative "$includedir" "$libdir")|g" \
    "$here/install/$1.in" >"$work/$1"
  put 644 "$work/$1" "$2/$1"
}

headers() {
  local header
  for header in include/oarlock.h include/oarlock.hpp include/oarlock/*.hpp; do
    [ ! -e "$header" ] || put 644 "$header" "$includedir/${header#include/}"
  done
}

work=
if [ "$remove" ]; then
  headers
  # The links lead to what they were installed with.
  for link in liboarlock.so liboarlock.dylib; do
    while [ -L "$destdir$libdir/$link" ]; do
      next=$(readlink "$destdir$libdir/$link")
      rm -f -- "$destdir$libdir/$link"
      link=${next##*/}
    done
    case $link in liboarlock.*.*) rm -f -- "$destdir$libdir/$link" ;; esac
  done
  put 644 '' "$libdir/liboarlock.a"
else
  profile=${PROFILE:-release}
  cargo build --quiet --locked -p oarlock-ffi --profile "$profile"
  [ "$profile" = dev ] && built=debug || built=$profile
  # Wherever cargo was told to build, by the environment or a file.
  target=$(cargo metadata --locked --offline --no-deps --format-version 1 |
    sed -E 's/.*"target_directory":"([^"]*)".*/\1/')
  target=$target/${CARGO_BUILD_TARGET:+$CARGO_BUILD_TARGET/}$built
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT

  # The ABI's number stands in build.rs; here it is read from what that made.
  if [ -e "$target/liboarlock.dylib" ]; then
    library=$target/liboarlock.dylib
    install_name=$(otool -D "$library" | tail -n 1)
    shared=liboarlock.$version.dylib
    link=liboarlock.dylib
    pointer=8
  else
    library=$target/liboarlock.so
    install_name=$(LC_ALL=C readelf -d "$library" | sed -n 's/.*soname: \[\(.*\)\].*/\1/p')
    shared=liboarlock.so.$version
    link=liboarlock.so
    LC_ALL=C readelf -h "$library" | grep 'Class:.*ELF32' >/dev/null && pointer=4 || pointer=8
  fi
  soname=${install_name##*/}
  [ -n "$soname" ] || { echo "ffi/install.sh: $library has no soname" >&2; exit 1; }

  headers
  put 755 "$library" "$libdir/$shared"
  ln -sf "$shared" "$destdir$libdir/$soname"
  ln -sf "$soname" "$destdir$libdir/$link"
  "$here/archive.sh" "$target/liboarlock.a" "$work/liboarlock.a"
  put 644 "$work/liboarlock.a" "$libdir/liboarlock.a"
fi

for file in oarlock.pc oarlock-static.pc; do fill $file "$libdir/pkgconfig"; done
for file in oarlockConfig.cmake oarlockConfigVersion.cmake; do fill $file "$libdir/cmake/oarlock"; done

# Folders of our own; those that others use as well stay.
if [ "$remove" ]; then
  for folder in "$includedir/oarlock" "$libdir/cmake/oarlock"; do
    rmdir -- "$destdir$folder" 2>/dev/null || :
  done
fi

if [ -z "$remove" ]; then
  echo "oarlock $version: headers in $destdir$includedir, libraries in $destdir$libdir"
  echo "where pkg-config does not look there: export PKG_CONFIG_PATH=$libdir/pkgconfig"
fi
