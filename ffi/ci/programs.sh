# shellcheck shell=bash
# The programs of tests-c, in the older standard with the static library and in
# the newer one with the shared library.

for name in $(programs); do
  skips "$name" shared || compile_shared "$name"
  asks "$name" "needs: dlopen" || skips "$name" static ||
    compile_later "$name" "$(standard_of "$name" older)" static "${static[@]}"
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
