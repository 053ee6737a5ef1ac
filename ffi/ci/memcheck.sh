# shellcheck shell=bash
# The programs of tests-c under memcheck: a leak, also of the library's, is a
# failure. ("Possible" ones are not: a Rust hash map points into the middle of its block.)

if command -v valgrind >/dev/null; then
  for name in $(programs); do
    skips "$name" memcheck && continue
    if [ ! -x "$out/$name.shared" ]; then continue; fi
    # fair-sched: without it one thread may run for seconds while others starve.
    tests "memcheck: $name" \
      valgrind --quiet --fair-sched=try --leak-check=full --show-leak-kinds=definite,indirect \
      --errors-for-leak-kinds=definite,indirect --error-exitcode=9 \
      --child-silent-after-fork=yes "$out/$name.shared"
  done
else
  echo "SKIP memcheck: valgrind is not installed"
fi
