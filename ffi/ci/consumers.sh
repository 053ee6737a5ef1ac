# shellcheck shell=bash
# Programs of a user, built in an empty folder from what is installed, as
# docs/c-abi.md says under "Linking".
. "$here/ci/tools.sh"

pkg_config=$(pkg_config_path) || fail "pkg-config can be had"
cmake=$(cmake_path) || fail "cmake can be had"

# flags PREFIX ARGUMENT...: what pkg-config says about the library below PREFIX.
flags() {
  local prefix=$1
  shift
  PKG_CONFIG_PATH=$prefix/lib/pkgconfig "$pkg_config" --cflags --libs "$@"
}

# says FILE LANGUAGE: the program runs, without any help, and says this.
says() { [ "$("$1")" = "$version from $2" ]; }

# An empty folder with the user's files, in which the commands run.
from_outside() {
  local work status
  work=$(mktemp -d) || return
  cp -r "$here"/tests-c/consumer/* "$work/"
  (cd "$work" && "$@")
  status=$?
  rm -rf "$work"
  return $status
}

# Both programs with these flags; needs_no_shared where they are linked statically.
# shellcheck disable=SC2086 # flags are words
both() {
  "$cc" -std=c99 consumer.c $1 -o c &&
    "$cxx" -std=c++17 consumer.cpp $1 -o cpp
}
run_both() { says ./c C && says ./cpp C++; }

by_pkg_config() { both "$(flags "$stage" oarlock) -Wl,-rpath,$stage/lib" && run_both; }
by_path() { both "$(flags "$stage" oarlock)" && ! ./c 2>/dev/null && LD_LIBRARY_PATH=$stage/lib run_both; }
with_the_archive() { both "$(flags "$stage" oarlock-static)" && needs_no_shared c && needs_no_shared cpp && run_both; }
fully_static() { both "-static $(flags "$stage" --static oarlock)" && ! readelf -d c | grep NEEDED && run_both; }
# Where only the archive is installed, the plain name finds that.
archive_only() {
  cp -r "$stage" only && rm only/lib/liboarlock.so* &&
    both "$(flags only --static oarlock)" && needs_no_shared c && run_both
}
moved() { cp -r "$stage" moved && both "$(flags moved oarlock)" && LD_LIBRARY_PATH=moved/lib run_both; }
# Beside its library in a bundle, whatever the folder.
beside_its_library() {
  mkdir -p bundle/bin bundle/lib && cp -P "$stage"/lib/liboarlock.so.* bundle/lib/ &&
    both "$(flags "$stage" oarlock) -Wl,-rpath,\$ORIGIN/../lib" && mv c cpp bundle/bin/ && mv bundle away &&
    says away/bin/c C && says away/bin/cpp C++
}
check "a program outside the tree: pkg-config, shared, with an rpath" from_outside by_pkg_config
check "a program outside the tree: pkg-config, shared, by LD_LIBRARY_PATH" from_outside by_path
check "a program outside the tree: pkg-config, oarlock-static" from_outside with_the_archive
check "a program outside the tree: pkg-config --static, -static" from_outside fully_static
check "a program outside the tree: pkg-config --static, no shared library" from_outside archive_only
check "a program outside the tree: pkg-config, the library moved" from_outside moved
check "a program outside the tree: in a bundle that was moved" from_outside beside_its_library

# by_cmake PREFIX LANGUAGES
by_cmake() {
  local name
  "$cmake" -S . -B build -DCMAKE_PREFIX_PATH="$1" "-DLANGUAGES=$2" && "$cmake" --build build --parallel "$parallel" || return
  for name in build/c-* build/cpp-*; do
    [ -x "$name" ] || continue
    case $name in build/c-*) says "$name" C ;; *) says "$name" C++ ;; esac || return
    case $name in *_static) needs_no_shared "$name" ;; *) ! needs_no_shared "$name" ;; esac || return
  done
}
cmake_moved() { mkdir 'with space' && cp -r "$stage" 'with space/moved' && by_cmake "$PWD/with space/moved" 'C;CXX'; }
# /lib may be a link to /usr/lib, and the package be found there.
cmake_by_a_link() {
  mkdir -p system && cp -r "$stage" system/usr && ln -s usr/lib system/lib &&
    "$cmake" -S . -B build -Doarlock_DIR="$PWD/system/lib/cmake/oarlock" -DLANGUAGES=C && "$cmake" --build build
}
cmake_versions() { "$cmake" -S versions -B build -DCMAKE_PREFIX_PATH="$stage" "-DVERSION=$version"; }
check "a program outside the tree: cmake, C and C++, shared and static" from_outside by_cmake "$stage" 'C;CXX'
check "a program outside the tree: cmake, C only" from_outside by_cmake "$stage" C
check "a program outside the tree: cmake, C++ only, moved to a folder with a space" from_outside cmake_moved
check "a program outside the tree: cmake, found by a link" from_outside cmake_by_a_link
check "cmake finds the versions that are compatible, and no others" from_outside cmake_versions
"$cmake" --version | head -n 1

# Another static library in Rust beside ours, with all of both: the standard
# libraries do not meet. The archive as the compiler makes it would not do.
beside() {
  rustc --edition 2024 --crate-type staticlib -C panic=unwind second.rs -o libsecond.a &&
    "$cc" -std=c99 "-I$stage/include" beside.c \
      -Wl,--whole-archive libsecond.a "$1" -Wl,--no-whole-archive -lpthread -ldl -lm -o beside &&
    ./beside
}
raw_archive() { ls "$(sed -E 's/.*"target_directory":"([^"]*)".*/\1/' <<<"$metadata")"/*/liboarlock.a | head -n 1; }
metadata=$(cargo metadata --locked --offline --no-deps --format-version 1)
not_beside() {
  local said
  said=$(from_outside beside "$(raw_archive)" 2>&1) && return 1
  grep -q 'multiple definition' <<<"$said" || { echo "$said"; false; }
}
check "beside another static library in Rust" from_outside beside "$stage/lib/liboarlock.a"
check "which could not be without ffi/archive.sh" not_beside
