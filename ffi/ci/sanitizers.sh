# shellcheck shell=bash
# The programs of tests-c under AddressSanitizer with UndefinedBehaviorSanitizer, and
# under ThreadSanitizer, linked with a library that is compiled likewise. Each has to
# see mistakes that are made on purpose.
. "$here/ci/instrument.sh"

# sees WHAT PROGRAM ARGUMENT: the program is ended, with a report that says WHAT.
sees() {
  local what=$1 said
  shift
  said=$("$@" 2>&1) && { echo "$said"; return 1; }
  grep -E "$what" <<<"$said" >/dev/null || { echo "$said"; return 1; }
}
# Its functions are called in the program and in the library.
is_on() {
  nm "$2" | grep -E " T __$1_init" >/dev/null &&
    nm -A "$(library_of "$1" a)" 2>/dev/null | grep -E "oarlock\..* U __$1_" >/dev/null
}

# In a program with one thread no two race: those that have more, of themselves or
# of the library, name one of these.
has_threads() { grep -E 'pthread_create|std::j?thread|own\.h|CHECK_SOON|watch' "$here/tests-c/$1" >/dev/null; }

# shellcheck disable=SC2046 # flags are words
sanitize() {
  local kind=$1 name standard library
  library=$(library_of "$kind" a)
  check "$kind: the library compiles" instrumented "$kind" || return
  [ -e "$library" ] || return
  for name in $(programs); do
    skips "$name" "$kind" && continue
    rm -f "$out/$name.$kind"
    if [ "$kind" = tsan ] && ! has_threads "$name"; then continue; fi
    if [[ $name == *.cpp ]]; then standard=$(standard_of "$name" older); else standard=c11; fi
    if asks "$name" "needs: dlopen"; then
      compile_later "$name" $standard "$kind" $(flags_of "$kind") $(linked_with "$kind")
    else
      compile_later "$name" $standard "$kind" $(flags_of "$kind") $(linked_with "$kind" "$library")
    fi
  done
  settle
  for name in $(programs); do
    if [ ! -x "$out/$name.$kind" ]; then continue; fi
    tests_later "$name: $kind" env "OARLOCK_LIBRARY=$(library_of "$kind" so)" "$out/$name.$kind"
  done
  settle
  check "$kind is on" is_on "$kind" "$out/guarded.c.$kind"
}

# shellcheck disable=SC2046 # flags are words
faults() {
  "$cc" -std=c11 "${common[@]}" "$here/ci/faults.c" $(flags_of asan) $(linked_with asan "$(library_of asan a)") -o "$out/faults"
}

if can asan; then
  sanitize asan
  check "the mistakes compile" faults
  check "asan sees the use of what was freed" sees 'heap-use-after-free' "$out/faults" use-after-free
  check "asan sees the use of a frame that is gone" sees 'stack-use-after-return' "$out/faults" use-after-return
  check "asan sees the library write where there is no room" sees 'WRITE of size' "$out/faults" too-little-room
  check "asan sees the library read where there is nothing" sees 'heap-buffer-overflow' "$out/faults" too-long
  check "asan sees a leak" sees 'LeakSanitizer: detected memory leaks' "$out/faults" leak
  check "ubsan sees an overflow" sees 'signed integer overflow' "$out/faults" overflow
fi

if can tsan; then
  sanitize tsan
  check "tsan sees a race on what no lock guards" sees 'data race.*guarded.c' "$out/guarded.c.tsan" unguarded
fi
