# shellcheck shell=bash
# What people read and copy: the README's programs, the one at the top of the
# header, the adapters of the conformance scenarios.

readme_says() {
  local program=$out/readme.$1 compiler=$cc
  [ "$1" = cpp ] && compiler=$cxx
  "$compiler" "-std=$2" "${common[@]}" "$root/examples/readme/readme.$1" "${shared[@]}" -o "$program" &&
    "$program" | grep -x "nobody writes anything below accounts now"
}
for standard in c99 c11; do check "README in C: $standard" readme_says c $standard; done
for standard in c++17 c++20; do check "README in C++: $standard" readme_says cpp $standard; done

page_runs() {
  sed -n '/^#ifndef OARLOCK_H/q; s|^ \*     ||p' "$stage/include/oarlock.h" > "$out/page.c" &&
    "$cc" -std=c99 "${common[@]}" "$out/page.c" "${shared[@]}" -o "$out/page" &&
    "$out/page" | grep '^accounts/42 '
}
check "the example at the top of oarlock.h" page_runs

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
check "the conformance adapters build and answer" adapters_answer
