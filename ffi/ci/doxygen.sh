# shellcheck shell=bash
# The headers' pages are made without a warning.

check "doxygen has nothing to say about the headers" "$here/doxygen/build.sh" "$out/doxygen"

# It would: of a header with a function that nobody documented.
undocumented() {
  local said
  mkdir -p "$out/undocumented" &&
    printf '/** @file */\nvoid oarlock_undocumented(void);\n' >"$out/undocumented/undocumented.h" &&
    ! said=$("$here/doxygen/build.sh" "$out/undocumented/html" "INPUT = $out/undocumented" 2>&1) &&
    grep 'oarlock_undocumented.*is not documented' <<<"$said"
}
check "doxygen would say what is not documented" undocumented
described() { grep -qF oarlock_acquire "$out/doxygen/oarlock_8h.html"; }
check "the pages have the C functions" described
