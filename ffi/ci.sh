#!/usr/bin/env bash
# Tests the C library and both headers, from a clean clone and by hand:
#
#   ffi/ci.sh                  with a quickly built library
#   PROFILE=release ffi/ci.sh  with the library as it is shipped
#
# Needs a C and a C++ compiler of GNU's kind with binutils; uses pkg-config,
# valgrind and cmake where they are there. Prints PASS or FAIL for each test and
# ends with "N passed, N failed".
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
cd "$root"

export PROFILE=${PROFILE:-dev}
cc=${CC:-cc}
cxx=${CXX:-c++}
out=$root/build/ffi
stage=$out/stage
warnings=(-Wall -Wextra -pedantic -Wconversion -Wshadow -Werror)
common=(-g -pthread "-I$stage/include" "${warnings[@]}")
shared=("-L$stage/lib" "-Wl,-rpath,$stage/lib" -loarlock)
static=("$stage/lib/liboarlock.a" -lpthread -ldl -lm)

passed=0
failed=0

# One test that is one command: silent unless it fails.
check() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then
    echo "PASS $name"
    passed=$((passed + 1))
  else
    printf '%s\nFAIL %s\n' "$said" "$name"
    failed=$((failed + 1))
  fi
}

# A program of tests that prints PASS and FAIL itself.
tests() {
  local name=$1 said status good bad
  shift
  said=$("$@" 2>&1)
  status=$?
  good=$(grep -c '^PASS ' <<<"$said")
  bad=$(grep -c '^FAIL ' <<<"$said")
  # One that breaks off, or says nothing, has failed, too.
  if [ "$bad" -eq 0 ] && { [ $status -ne 0 ] || [ "$good" -eq 0 ]; }; then bad=1; fi
  if [ "$bad" -eq 0 ]; then
    sed -n "s|^PASS |PASS $name: |p" <<<"$said"
  else
    printf '%s\nFAIL %s (exit %d)\n' "$said" "$name" "$status"
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
}

# sources NAME: the test's file and, where it has one, its second file.
sources() { ls "$here/tests-c/$1" "$here/tests-c/${1%.*}_second.${1##*.}" 2>/dev/null; }

# build NAME STANDARD SUFFIX FLAG...: the program $out/NAME.SUFFIX.
build() {
  local name=$1 standard=$2 suffix=$3 compiler=$cc
  shift 3
  [[ $name == *.cpp ]] && compiler=$cxx
  # shellcheck disable=SC2046 # one word a file
  "$compiler" "-std=$standard" "${common[@]}" $(sources "$name") "$@" -o "$out/$name.$suffix"
}

# Builds a test in one way and runs it.
try() {
  local name=$1 standard=$2 suffix=$3
  check "$name: $standard, $suffix, compiles" build "$@"
  if [ -x "$out/$name.$suffix" ]; then tests "$name: $standard, $suffix" "$out/$name.$suffix"; fi
}

exported() { nm -D --defined-only "$stage/lib/liboarlock.so" | awk '{ print $3 }' | LC_ALL=C sort; }
archived() { nm -g --defined-only "$stage/lib/liboarlock.a" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort; }
declared() { grep -oE '^[a-z].*\boarlock_[a-z_]+\(' "$stage/include/oarlock.h" | grep -v typedef |
  grep -v '^static' | grep -oE 'oarlock_[a-z_]+\($' | tr -d '(' | LC_ALL=C sort; }
same_symbols() { diff -u "$here/symbols.txt" <("$1"); }
has_soname() { readelf -d "$stage/lib/liboarlock.so" | grep -q 'soname: \[liboarlock.so.0\]'; }
needs_no_shared() { ! readelf -d "$1" | grep -q 'NEEDED.*oarlock'; }

# Programs of a user, built in an empty folder from what is installed.
consumer() {
  local work kind=$1
  work=$(mktemp -d) || return
  cp "$root"/examples/readme/readme.{c,cpp} "$work/"
  (
    set -e
    cd "$work"
    export PKG_CONFIG_PATH=$stage/lib/pkgconfig LD_LIBRARY_PATH=$stage/lib
    # shellcheck disable=SC2046 # flags are words
    case $kind in
      shared)
        "$cc" -std=c99 readme.c $(pkg-config --cflags --libs oarlock) -o c
        "$cxx" -std=c++17 readme.cpp $(pkg-config --cflags --libs oarlock) -o cpp
        ./c && ./cpp ;;
      static)
        unset LD_LIBRARY_PATH
        "$cc" -std=c99 readme.c $(pkg-config --cflags --libs oarlock-static) -o c
        "$cxx" -std=c++17 readme.cpp $(pkg-config --cflags --libs oarlock-static) -o cpp
        needs_no_shared c && needs_no_shared cpp
        ./c && ./cpp ;;
      fully-static)
        unset LD_LIBRARY_PATH
        "$cc" -static -std=c99 readme.c $(pkg-config --static --cflags --libs oarlock) -o c
        ./c ;;
      moved)
        cp -r "$stage" moved
        PKG_CONFIG_PATH=moved/lib/pkgconfig
        "$cc" -std=c99 readme.c $(pkg-config --cflags --libs oarlock) -o c
        LD_LIBRARY_PATH=moved/lib ./c ;;
      cmake)
        cp "$here/tests-c/consumer.cmake" CMakeLists.txt
        cmake -S . -B build -DCMAKE_PREFIX_PATH="$stage" && cmake --build build
        ./build/c && ./build/cpp && ./build/c-static && needs_no_shared build/c-static ;;
    esac
  )
  local status=$?
  rm -rf "$work"
  return $status
}

# What the examples of the README print.
readme_says() {
  local program=$out/readme.$1 compiler=$cc
  [ "$1" = cpp ] && compiler=$cxx
  "$compiler" "-std=$2" "${common[@]}" "$root/examples/readme/readme.$1" "${shared[@]}" -o "$program" &&
    "$program" | grep -x "nobody writes anything below accounts now"
}

# The example at the top of the header, as it stands there.
page_runs() {
  sed -n '/^#ifndef OARLOCK_H/q; s|^ \*     ||p' "$stage/include/oarlock.h" > "$out/page.c" &&
    "$cc" -std=c99 "${common[@]}" "$out/page.c" "${shared[@]}" -o "$out/page" &&
    "$out/page" | grep -q '^accounts/42 '
}
refuses_a_relative_prefix() {
  local said
  said=$("$here/install.sh" build/ffi/relative 2>&1)
  [ $? -eq 2 ] && [[ $said == *"must be an absolute path"* ]] && [ ! -e "$out/relative" ]
}

# Both adapters answer a step and a refusal.
adapters_answer() {
  local adapter
  "$root/conformance/adapters/build.sh" || return
  for adapter in adapter-c adapter-cpp; do
    diff <(printf '%s\n' new 'lock a w:s61' 'lock b r:-' 'unlock a' 'state b' 'lock c' |
      "$root/build/conformance/$adapter") \
      <(printf '%s\n' ok acquired waiting ok acquired 'error no-claims') || return
  done
}

rm -rf "$out"
mkdir -p "$out"
check "the library builds and installs" "$here/install.sh" "$stage"

# Unit tests and the drift of the header.
rust=$(cargo test --quiet --locked -p oarlock-ffi 2>&1) || { printf '%s\n' "$rust"; failed=$((failed + 1)); }
good=$(sed -nE 's/^test result: .* ([0-9]+) passed;.*/\1/p' <<<"$rust" | awk '{ n += $1 } END { print n + 0 }')
echo "PASS the Rust tests and the header's drift check: $good"
passed=$((passed + good))

check "the shared library exports what symbols.txt lists" same_symbols exported
check "the static library, too" same_symbols archived
check "the header declares the same" same_symbols declared
check "the shared library has its soname" has_soname

for path in "$here"/tests-c/*.c "$here"/tests-c/*.cpp; do
  name=$(basename "$path")
  case $name in
    *_second.*) ;;
    *.c)
      try "$name" c99 static "${static[@]}"
      check "$name links the static library" needs_no_shared "$out/$name.static"
      try "$name" c11 shared "${shared[@]}" ;;
    *.cpp)
      try "$name" c++17 static "${static[@]}"
      try "$name" c++20 shared "${shared[@]}" ;;
  esac
done

# The same under the sanitizers, where the compiler has them. They see the
# tests and the headers fully, the library through its calls to malloc.
if echo 'int main(void) { return 0; }' | "$cc" -fsanitize=address,undefined -x c - -o "$out/probe" 2>/dev/null; then
  for path in "$here"/tests-c/*.c "$here"/tests-c/*.cpp; do
    name=$(basename "$path")
    [[ $name == *_second.* ]] && continue
    [[ $name == *.cpp ]] && standard=c++17 || standard=c11
    try "$name" $standard sanitized -fsanitize=address,undefined -fno-sanitize-recover=all "${shared[@]}"
  done
  sanitized() { nm -D "$out/basic.c.sanitized" | grep -q __asan_init; }
  check "the sanitizer is on" sanitized
else
  echo "SKIP sanitizers: $cc has none here"
fi

# And under memcheck: a leak, also of the library's, is a failure. ("Possible"
# ones are not: a Rust hash map points into the middle of its block.)
if command -v valgrind >/dev/null; then
  for program in "$out"/*.shared; do
    tests "memcheck: $(basename "$program" .shared)" \
      valgrind --quiet --fair-sched=try --leak-check=full --show-leak-kinds=definite,indirect \
      --errors-for-leak-kinds=definite,indirect --error-exitcode=9 \
      --child-silent-after-fork=yes "$program"
  done
else
  echo "SKIP memcheck: valgrind is not installed"
fi

if command -v pkg-config >/dev/null; then
  for kind in shared static fully-static moved; do
    check "a program outside the tree: $kind" consumer $kind
  done
else
  echo "SKIP programs outside the tree: pkg-config is not installed"
fi
if command -v cmake >/dev/null; then
  check "a program outside the tree: cmake" consumer cmake
else
  echo "SKIP cmake: not installed"
fi

for standard in c99 c11; do check "README in C: $standard" readme_says c $standard; done
for standard in c++17 c++20; do check "README in C++: $standard" readme_says cpp $standard; done
check "the example at the top of oarlock.h" page_runs
check "install.sh refuses a relative prefix" refuses_a_relative_prefix
check "the conformance adapters build and answer" adapters_answer

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
