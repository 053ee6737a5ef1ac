# shellcheck shell=bash
# The programs of tests-c under memcheck: a leak, also of the library's, is a
# failure. ("Possible" ones are not: a Rust hash map points into the middle of its block.)

# A forked child has lost what the threads had that it does not have: leaks are
# looked for in what the parent says, errors count in both.
memcheck() {
  local said status
  # fair-sched: without it one thread may run for seconds while others starve.
  said=$(valgrind --quiet --fair-sched=try --error-exitcode=9 --leak-check=full \
    --show-leak-kinds=definite,indirect --errors-for-leak-kinds=none \
    --child-silent-after-fork=yes "$1" 2>&1)
  status=$?
  printf '%s\n' "$said"
  ! grep 'lost in loss record' <<<"$said" >/dev/null || { echo "FAIL it leaks"; return 1; }
  return $status
}

if command -v valgrind >/dev/null; then
  leak() {
    printf '#include <stdlib.h>\nint main(void) { return malloc(1) == NULL; }\n' |
      "$cc" -g -O0 -x c - -o "$out/leak" && grep 'it leaks' <<<"$(memcheck "$out/leak")"
  }
  check "memcheck sees a leak" leak
  export -f memcheck
  # What the part "programs" has not compiled.
  for name in $(programs); do
    [ "$out/$name.shared" -nt "$here/tests-c/$name" ] || skips "$name" memcheck >/dev/null || compile_shared "$name"
  done
  settle
  for name in $(programs); do
    skips "$name" memcheck && continue
    if [ ! -x "$out/$name.shared" ]; then continue; fi
    tests_later "memcheck: $name" bash -c 'memcheck "$1"' memcheck "$out/$name.shared"
  done
  settle
else
  echo "SKIP memcheck: valgrind is not installed"
fi
