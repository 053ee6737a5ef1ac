#!/usr/bin/env bash
# The C and C++ test programs under valgrind, by hand and from a clean clone:
#
#   scripts/valgrind.sh                 memcheck, helgrind and drd
#   scripts/valgrind.sh memcheck        only that; likewise helgrind, drd
#   scripts/valgrind.sh helgrind threads.c     only that program
#
# memcheck: any error and any leak is a failure, also of the library's. ("Possible"
# leaks are not: a Rust hash map points into the middle of its block.)
# helgrind, drd: data races in the programs, whose data the library's locks guard.
# What the tools cannot follow, and are told, stands in scripts/valgrind/told.c;
# what they are not asked about, in scripts/valgrind/library.supp.
#
# Takes about four minutes, most of it drd on the stack. Prints PASS or FAIL for each program and ends with
# "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD
out=$root/build/valgrind
stage=$out/stage
cc=${CC:-cc}
cxx=${CXX:-c++}
tools=(memcheck helgrind drd)
[ $# -ge 1 ] && tools=("$1")
only=${2:-}

command -v valgrind >/dev/null || { echo "valgrind is not installed" >&2; exit 2; }

passed=0
failed=0
ran=0
verdict() {
  if [ "$1" -eq 0 ]; then
    echo "PASS $2"
    passed=$((passed + 1))
  else
    printf '%s\nFAIL %s\n' "$said" "$2"
    failed=$((failed + 1))
  fi
}

# build SOURCE PROGRAM FLAG...: with its second file, where it has one.
build() {
  local source=$1 program=$2 compiler="$cc -std=c11" second
  shift 2
  [[ $source == *.cpp ]] && compiler="$cxx -std=c++17"
  second=${source%.*}_second.${source##*.}
  [ -e "$second" ] && set -- "$second" "$@"
  # shellcheck disable=SC2086 # the compiler and its standard
  $compiler -g -pthread "-I$stage/include" -Iffi/tests-c "$source" "$@" \
    "-L$stage/lib" "-Wl,-rpath,$stage/lib" -loarlock -o "$program"
}

# The calls that told.c stands in for.
told=("$out/told.o")
for name in acquire try_acquire enqueue enqueue_callback enqueue_queue wait release cancel \
  lock_state release_part downgrade upgrade try_upgrade upgrade_wait upgrade_state \
  queue_post queue_drain queue_wait; do
  told+=("-Wl,--wrap=oarlock_$name")
done

# valgrind TOOL PROGRAM ARGUMENT...
run() {
  local tool=$1
  shift
  case $tool in
    # fair-sched: without it one thread may run for seconds while others starve.
    memcheck)
      valgrind --quiet --fair-sched=try --leak-check=full --show-leak-kinds=definite,indirect \
        --errors-for-leak-kinds=definite,indirect --error-exitcode=9 \
        --child-silent-after-fork=yes "$@" ;;
    *)
      # The tests share what lies on main's stack, which drd passes over unless told.
      local stack=()
      [ "$tool" = drd ] && stack=(--check-stack-var=yes)
      valgrind --quiet --fair-sched=try --tool="$tool" "${stack[@]}" --error-exitcode=9 \
        --suppressions="$root/scripts/valgrind/library.supp" \
        --child-silent-after-fork=yes "$@" ;;
  esac
}

mkdir -p "$out"
said=$(PROFILE=dev ffi/install.sh "$stage" 2>&1) || { echo "$said" >&2; exit 1; }
"$cc" -std=c11 -g -Wall -Wextra "-I$stage/include" -c scripts/valgrind/told.c -o "$out/told.o" || exit 1

for tool in "${tools[@]}"; do
  extra=()
  if [ "$tool" != memcheck ]; then
    extra=("${told[@]}")
    # The tool sees a race, and takes a lock for one.
    build scripts/valgrind/race.c "$out/race" "${extra[@]}" || exit 1
    said=$(run "$tool" "$out/race" 2>&1)
    [ $? -eq 9 ] && grep -q 'race.c' <<<"$said"
    verdict $? "$tool: sees a race where there is no lock"
    said=$(run "$tool" "$out/race" locked 2>&1)
    verdict $? "$tool: sees none where there is one"
  fi
  for source in ffi/tests-c/*.c ffi/tests-c/*.cpp; do
    name=$(basename "$source")
    [[ $name == *_second.* ]] && continue
    [ -n "$only" ] && [ "$name" != "$only" ] && continue
    program=$out/$name.$tool
    said=$(build "$source" "$program" "${extra[@]}" 2>&1) || { verdict 1 "$tool: $name compiles"; continue; }
    ran=$((ran + 1))
    said=$(run "$tool" "$program" 2>&1)
    status=$?
    # Nothing said that it passed: it tested nothing.
    grep -q '^PASS ' <<<"$said" || status=1
    grep -q '^FAIL ' <<<"$said" && status=1
    verdict $status "$tool: $name"
  done
done
[ "$ran" -gt 0 ] || { echo "no program of that name" >&2; failed=$((failed + 1)); }

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
