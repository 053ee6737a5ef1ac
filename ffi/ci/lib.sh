# Sourced by ci.sh and its parts: where things are, how a test is counted and how
# a test program is built. Every part may be run alone, after the part "library".
# shellcheck shell=bash disable=SC2034 # the parts use what is set here

export PROFILE=${PROFILE:-dev}
# What a user may have set for install.sh is not meant for the tests.
unset DESTDIR LIBDIR INCLUDEDIR
cc=${CC:-cc}
cxx=${CXX:-c++}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
out=${OUT:-$root/build/ffi}
stage=$out/stage
warnings=(-Wall -Wextra -pedantic -Wconversion -Wshadow -Werror)
common=(-g -pthread "-I$stage/include" "${warnings[@]}")
shared=("-L$stage/lib" "-Wl,-rpath,$stage/lib" -loarlock)
static=("$stage/lib/liboarlock.a" -lpthread -ldl -lm)
# Compilers that run side by side.
parallel=${JOBS:-2}
# No program of tests takes this long; one that does hangs. In seconds.
limit=300
# For programs that load the library themselves.
export OARLOCK_LIBRARY=$stage/lib/liboarlock.so

# In a pipe, grep reads all and says it to /dev/null: with -q it would leave before
# the other program has written, which pipefail takes for a failure.

passed=0
failed=0

pass() {
  echo "PASS $1"
  passed=$((passed + 1))
}

# fail NAME [WHAT IT SAID]
fail() {
  [ -z "${2:-}" ] || printf '%s\n' "$2"
  echo "FAIL $1"
  failed=$((failed + 1))
}

# One test that is one command: silent unless it fails.
check() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then pass "$name"; else fail "$name" "$said"; fi
}

# count NAME STATUS SAID: of a program of tests, which prints PASS and FAIL itself.
count() {
  local name=$1 status=$2 said=$3 good bad
  good=$(grep -c '^PASS ' <<<"$said")
  bad=$(grep -c '^FAIL ' <<<"$said")
  # One that breaks off, or says nothing, has failed, too.
  if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then bad=1; fi
  if [ "$bad" -eq 0 ]; then
    sed -n "s|^PASS |PASS $name: |p" <<<"$said"
  else
    printf '%s\nFAIL %s (exit %d)\n' "$said" "$name" "$status"
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
}
in_time() { timeout --kill-after=10 "$limit" "$@"; }

# tests NAME COMMAND...: runs such a program.
tests() {
  local name=$1 said
  shift
  said=$(in_time "$@" 2>&1)
  count "$name" $? "$said"
}

# The programs of tests-c, by their main files' names.
programs() {
  local path
  for path in "$here"/tests-c/*.c "$here"/tests-c/*.cpp; do
    case $path in *_second.*) ;; *) basename "$path" ;; esac
  done
}

# What a program of tests asks for, in a comment among its first ten lines:
#   needs: dlopen               is not linked with the library, only with libdl
#   skip: memcheck because ...  likewise static, shared, asan, tsan and other ways
#   standard: c++20             says nothing in older ones
asks() { head -n 10 "$here/tests-c/$1" | grep -E "^(//|/?[ ]?\*) *$2\b" >/dev/null; }
skips() {
  asks "$1" "skip: $2" || return
  echo "left out: $1, $2: $(head -n 10 "$here/tests-c/$1" | sed -nE "s/.*skip: $2 (.*[^ */]).*/\1/p")"
}

# standard_of NAME older|newer: each program is compiled in both.
standard_of() {
  case $1-$2 in
    *.c-older) echo c99 ;;
    *.c-newer) echo c11 ;;
    *-newer) echo c++20 ;;
    *) if asks "$1" "standard: c\+\+20"; then echo c++20; else echo c++17; fi ;;
  esac
}

# sources NAME: the test's file and, where it has one, its second file.
sources() { ls "$here/tests-c/$1" "$here/tests-c/${1%.*}_second.${1##*.}" 2>/dev/null; }

# build NAME STANDARD SUFFIX FLAG...: the program $out/NAME.SUFFIX.
build() {
  local name=$1 standard=$2 suffix=$3 compiler=$cc
  shift 3
  [[ $name == *.cpp ]] && compiler=$cxx
  rm -f "$out/$name.$suffix"
  # shellcheck disable=SC2046 # one word a file
  "$compiler" "-std=$standard" "${common[@]}" $(sources "$name") "$@" -o "$out/$name.$suffix"
}

# Tests side by side: `later NAME COMMAND...` as for check, `tests_later` as for
# tests, any number of times; then `settle` waits for all and counts them.
names=()
begin() {
  local at=$out/later.${#names[@]}
  while [ "$(jobs -rp | wc -l)" -ge "$parallel" ]; do wait -n; done
  names+=("$1")
  shift
  {
    "$@" >"$at.said" 2>&1
    echo $? >"$at.status"
  } &
}
later() { begin "check $1" "${@:2}"; }
tests_later() { begin "tests $1" in_time "${@:2}"; }
settle() {
  local i at name status
  wait
  for i in "${!names[@]}"; do
    at=$out/later.$i
    name=${names[i]#* }
    status=$(cat "$at.status")
    case ${names[i]} in
      tests*) count "$name" "$status" "$(cat "$at.said")" ;;
      *) if [ "$status" = 0 ]; then pass "$name"; else fail "$name" "$(cat "$at.said")"; fi ;;
    esac
    rm -f "$at.said" "$at.status"
  done
  names=()
}

# Compiles a program of tests in one way, later.
compile_later() { later "$1: $2, $3, compiles" build "$@"; }

# The same with the shared library, or with none if it loads that itself.
compile_shared() {
  local linked=("${shared[@]}")
  asks "$1" "needs: dlopen" && linked=(-ldl)
  compile_later "$1" "$(standard_of "$1" newer)" shared "${linked[@]}"
}

needs_no_shared() { ! readelf -d "$1" | grep 'NEEDED.*oarlock'; }
