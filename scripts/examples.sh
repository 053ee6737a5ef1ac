#!/usr/bin/env bash
# Builds the larger examples against the installed library, runs them and checks what
# they do, from a clean clone and by hand:
#
#   scripts/examples.sh                      all
#   scripts/examples.sh plugin-host          only these: epoll-server thread-pool coroutine plugin-host
#   PYTHON=python3.13 scripts/examples.sh    embeds this Python
#
# Works in build/examples. Needs a C and a C++ compiler, pkg-config and Python 3.10 or later;
# the first two are built with sanitizers where the compilers have them. The
# plugin host is left out, with the reason, where that Python cannot be embedded.
# Prints PASS or FAIL for each test and ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD
out=$root/build/examples
stage=$out/stage
cc=${CC:-cc}
cxx=${CXX:-c++}
python=${PYTHON:-python3}
limit=300 # seconds; what takes longer hangs

every="epoll-server thread-pool coroutine plugin-host"
for name in "$@"; do
  [[ " $every " == *" $name "* ]] && continue
  echo "there is no example $name; there are: $every" >&2
  exit 2
done
[ $# -gt 0 ] && every=$*

# One test that is one command: silent unless it fails. False if it does.
check() {
  local name=$1 said
  shift
  if said=$(timeout --kill-after=10 "$limit" "$@" 2>&1); then
    echo "PASS $name"
  else
    printf '%s\nFAIL %s\n' "$said" "$name"
    return 1
  fi
}

# A program that prints PASS and FAIL itself. One that breaks off, or says nothing, has
# failed, too.
tests() {
  local name=$1 said status
  shift
  said=$(timeout --kill-after=10 "$limit" "$@" 2>&1)
  status=$?
  sed -E "s#^(PASS|FAIL) #\1 $name: #" <<<"$said"
  grep -q '^FAIL ' <<<"$said" && return
  [ $status -eq 0 ] && grep -q '^PASS ' <<<"$said" || echo "FAIL $name: exit $status"
}

mkdir -p "$out"
if ! PROFILE=${PROFILE:-dev} ffi/install.sh "$stage"; then
  echo "the library cannot be built"
  echo "0 passed, 1 failed"
  exit 1
fi
# As any program would find it.
export PKG_CONFIG_PATH=$stage/lib/pkgconfig
read -ra cflags < <(pkg-config --cflags oarlock)
read -ra libs < <(pkg-config --libs oarlock)
libs+=("-Wl,-rpath,$stage/lib" -pthread)
warnings=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
c=("$cc" -std=c11 -g "${warnings[@]}" "${cflags[@]}")
cpp=("$cxx" -std=c++17 -g -pthread "${warnings[@]}" "${cflags[@]}")

sanitizers=(-fsanitize=address,undefined -fno-sanitize-recover=all)
echo 'int main(void) { return 0; }' >"$out/probe.c"
for compiler in "$cc" "$cxx -x c++"; do
  # shellcheck disable=SC2086 # the compiler and its language
  if ! $compiler "${sanitizers[@]}" "$out/probe.c" -o "$out/probe" || ! "$out/probe"; then
    echo "no sanitizers: $compiler does not have them"
    sanitizers=()
    break
  fi
done 2>/dev/null

epoll_server() {
  local here=examples/c/epoll-server
  check "$1 compiles" "${c[@]}" "${sanitizers[@]}" $here/*.c "${libs[@]}" -o "$out/docstore" &&
    tests "$1" "$python" $here/test.py "$out/docstore"
}

thread_pool() {
  local here=examples/cpp/thread-pool
  check "$1, its test compiles" \
    "${cpp[@]}" "${sanitizers[@]}" $here/test.cpp "${libs[@]}" -o "$out/pool-test" &&
    tests "$1" "$out/pool-test"
  check "$1 compiles" "${cpp[@]}" "${sanitizers[@]}" $here/main.cpp "${libs[@]}" -o "$out/tiles" &&
    check "$1, the picture is whole at every scale" "$out/tiles"
}

coroutine() {
  check "$1 compiles" "${cpp[@]}" -std=c++20 "${sanitizers[@]}" examples/cpp/coroutine.cpp "${libs[@]}" -o "$out/coroutine" &&
    check "$1, no money is lost" "$out/coroutine"
}

plugin_host() {
  local here=$root/examples/plugin-host embed said object objects=()
  if ! said=$("$python" "$here/embed.py" 2>&1); then
    echo "SKIP $1: $said"
    return
  fi
  mapfile -t embed <<<"$said"
  # A library that is there may still need others that are not.
  if ! said=$(printf '#include <Python.h>\nint main() { Py_Initialize(); }\n' |
    "$cxx" -x c++ - -x none "${embed[@]}" -ldl -pthread -o "$out/embed-probe" 2>&1); then
    echo "SKIP $1: $python cannot be embedded: $(tail -n 1 <<<"$said")"
    return
  fi
  for object in python editor_module; do
    check "$1, $object compiles" "${cpp[@]}" "${embed[0]}" -c "$here/$object.cpp" -o "$out/$object.o" || return
    objects+=("$out/$object.o")
  done
  check "$1, its test compiles" \
    "${cpp[@]}" "$here/test.cpp" "${objects[@]}" "${embed[@]}" "${libs[@]}" -ldl -o "$out/plugin-test" &&
    tests "$1" "$out/plugin-test" "$here"
  check "$1 compiles" \
    "${cpp[@]}" "$here/main.cpp" "${objects[@]}" "${embed[@]}" "${libs[@]}" -ldl -o "$out/editor" &&
    check "$1, no word is lost" "$out/editor" "$here:$here/plugins"
  check "$1, its module says so where there is no host" "$python" -c '
import sys
sys.path.insert(0, sys.argv[1])
import oarlock_host
try:
    oarlock_host.Manager.named("editor")
except ImportError:
    sys.exit(0)
sys.exit("it has found a library")' "$here"
}

# Side by side: mostly they compile, or wait for one another's threads.
for name in $every; do
  "${name//-/_}" "$name" >"$out/$name.log" 2>&1 &
done
wait
for name in $every; do cat "$out/$name.log"; done | tee "$out/log"
passed=$(grep -c '^PASS ' "$out/log")
failed=$(grep -c '^FAIL ' "$out/log")
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
