# shellcheck shell=bash
# Sourced by what compiles programs and the library for a sanitizer, "asan" (with
# UndefinedBehaviorSanitizer) or "tsan".
#
# The runtime is the one that comes with the Rust compiler, for the C side, too: two
# in one program would not do. RUSTC_BOOTSTRAP lets the stable compiler do it. For
# ThreadSanitizer the standard library is compiled as well, since its mutexes order
# what threads do; that takes its source, the component rust-src. Both libraries stay
# in build/sanitizers.

host=$(rustc -vV | sed -n 's/^host: //p')
rust_libraries=$(rustc --print sysroot)/lib/rustlib
# Frames that are gone are watched, too: callbacks write to the tests' own.
export ASAN_OPTIONS="detect_stack_use_after_return=1"
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

# can KIND: whether there is a runtime, and the C compiler can be kept from adding its
# own. Says if not.
can() {
  # shellcheck disable=SC2046 # flags are words
  if [ -z "$(runtime "$1")" ]; then
    echo "SKIP $1: the Rust compiler has no runtime for $host"
    return 1
  elif ! echo 'int main(void) { return 0; }' |
    "$cc" $(flags_of "$1") -x c - -x none $(linked_with "$1") -o "$out/probe.$1" 2>"$out/probe.$1.log"; then
    echo "SKIP $1: $cc cannot be linked with the Rust compiler's runtime alone: $(head -n 1 "$out/probe.$1.log")"
    return 1
  fi
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
