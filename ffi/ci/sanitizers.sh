# shellcheck shell=bash
# The programs of tests-c under the sanitizers, where the compiler has them. They
# see the tests and the headers fully, the library through its calls to malloc.

if echo 'int main(void) { return 0; }' | "$cc" -fsanitize=address,undefined -x c - -o "$out/probe" 2>/dev/null; then
  for name in $(programs); do
    skips "$name" sanitized && continue
    [[ $name == *.cpp ]] && standard=c++17 || standard=c11
    linked=("${shared[@]}")
    asks "$name" "needs: dlopen" && linked=(-ldl)
    compile_later "$name" $standard sanitized -fsanitize=address,undefined -fno-sanitize-recover=all "${linked[@]}"
  done
  settle
  for name in $(programs); do
    [ -x "$out/$name.sanitized" ] && tests "$name: sanitized" "$out/$name.sanitized"
  done
  sanitized() { nm -D "$out/basic.c.sanitized" | grep __asan_init; }
  check "the sanitizer is on" sanitized
else
  echo "SKIP sanitizers: $cc has none here"
fi
