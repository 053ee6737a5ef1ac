# shellcheck shell=bash
# The programs of tests-c, in the older standard with the static library and in
# the newer one with the shared library.

for name in $(programs); do
  [[ $name == *.cpp ]] && old=c++17 new=c++20 || old=c99 new=c11
  if asks "$name" "needs: dlopen"; then
    compile_later "$name" $new shared -ldl
    continue
  fi
  skips "$name" static || compile_later "$name" $old static "${static[@]}"
  skips "$name" shared || compile_later "$name" $new shared "${shared[@]}"
done
settle

for name in $(programs); do
  for kind in static shared; do
    [ ! -x "$out/$name.$kind" ] || tests_later "$name: $kind" "$out/$name.$kind"
  done
done
settle

for name in $(programs); do
  if [ -x "$out/$name.static" ]; then check "$name links the static library" needs_no_shared "$out/$name.static"; fi
done
