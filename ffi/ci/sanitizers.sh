# shellcheck shell=bash
# The programs of tests-c under AddressSanitizer with UndefinedBehaviorSanitizer, and
# under ThreadSanitizer, linked with a library that is compiled likewise. Each has to
# see mistakes that are made on purpose.
#
# The runtime is the one that comes with the Rust compiler, for the C side, too: two
# in one program would not do. RUSTC_BOOTSTRAP lets the stable compiler do it. For
# ThreadSanitizer the standard library is compiled as well, since its mutexes order
# what threads do; that takes its source, the component rust-src. Both libraries stay
# in build/sanitizers.

host=$(rustc -vV | sed -n 's/^host: //p')
rust_libraries=$(rustc --print sysroot)/lib/rustlib
# Not to wait a second at each exit.
export TSAN_OPTIONS="atexit_sleep_ms=0 suppressions=$here/ci/tsan.supp"

runtime() { ls "$rust_libraries/$host/lib/"librustc*_rt."$1".a 2>/dev/null; }

# Compiled with gcc, linked with that runtime alone; clang says it in another way.
alone=(-nodefaultlibs)
if "$cc" --version | grep clang >/dev/null; then alone=(-fno-sanitize-link-runtime); fi
flags_of() {
  case $1 in
    asan) echo -fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all ;;
    tsan) echo -fsanitize=thread ;;
  esac
}
linked_with() {
  echo "${alone[@]}" -rdynamic -Wl,--whole-archive "$(runtime "$1")" -Wl,--no-whole-archive "${@:2}" \
    -lstdc++ -ldl -lm -lrt -lpthread -lgcc_s -lgcc -lc
}

# instrumented KIND: builds the library so, into build/sanitizers.
instrumented() {
  local kind=$1 flags=() sanitizer=address
  if [ "$kind" = tsan ]; then
    sanitizer=thread
    flags=(-Zbuild-std=std,panic_unwind)
    [ -d "$rust_libraries/src/rust/library" ] || rustup component add rust-src || return
  fi
  RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=$sanitizer \
    cargo build --locked --package oarlock-ffi --target "$host" --target-dir "$root/build/sanitizers/$kind" "${flags[@]}"
}
library_of() { echo "$root/build/sanitizers/$1/$host/debug/liboarlock.$2"; }

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
    [[ $name == *.cpp ]] && standard=c++17 || standard=c11
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

if [ -n "$(runtime asan)" ]; then
  sanitize asan
  check "the mistakes compile" faults
  check "asan sees the use of what was freed" sees 'heap-use-after-free' "$out/faults" use-after-free
  check "asan sees the library write where there is no room" sees 'WRITE of size' "$out/faults" too-little-room
  check "asan sees the library read where there is nothing" sees 'heap-buffer-overflow' "$out/faults" too-long
  check "asan sees a leak" sees 'LeakSanitizer: detected memory leaks' "$out/faults" leak
  check "ubsan sees an overflow" sees 'signed integer overflow' "$out/faults" overflow
else
  echo "SKIP AddressSanitizer: the Rust compiler has none for $host"
fi

if [ -n "$(runtime tsan)" ]; then
  sanitize tsan
  check "tsan sees a race on what no lock guards" sees 'data race.*guarded.c' "$out/guarded.c.tsan" unguarded
else
  echo "SKIP ThreadSanitizer: the Rust compiler has none for $host"
fi
