# shellcheck shell=bash
# The ABI against what is promised in ffi/abi: breaks are refused, additions have
# to be recorded (UPDATE=1). And that this refuses what it should.

promised=$here/abi/abi-$(getconf LONG_BIT).txt
found=$out/abi.txt

soname() { readelf -d "$1" | sed -nE 's/.*soname: \[(.*)\]/\1/p'; }
describe() { "$here/abi/describe.sh" "$stage" "${2:-$stage/include/oarlock.h}" >"$1"; }
compare() { "$here/abi/compare.py" "$1" "$2"; }

judges() { PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --quiet --start-directory "$here/abi"; }
check "the ABI check knows a break from an addition" judges

check "the ABI can be described" describe "$found"

# A break is not recorded either.
record() {
  local verdict=0
  [ ! -e "$promised" ] || compare "$promised" "$found" || verdict=$?
  [ $verdict -le 1 ] && cp "$found" "$promised" && echo "wrote ${promised#"$root/"}"
}
[ "${UPDATE:-}" != 1 ] || record

same_abi() {
  [ -e "$promised" ] || { echo "there is no ${promised#"$root/"}: UPDATE=1 ffi/ci.sh abi"; return 1; }
  compare "$promised" "$found"
}
check "the ABI is the one that is promised" same_abi

# broken WHAT SED: the header, changed like this, is refused as a break.
broken() {
  local said status
  sed -E "$2" "$stage/include/oarlock.h" >"$out/broken.h"
  ! cmp -s "$out/broken.h" "$stage/include/oarlock.h" || { echo "nothing was changed"; return 1; }
  describe "$out/broken.txt" "$out/broken.h" || return
  said=$(compare "$found" "$out/broken.txt")
  status=$?
  [ $status -eq 2 ] && [[ $said == *"$1"* ]] || { printf '%s\nexit %d\n' "$said" $status; false; }
}
check "a function that is gone is noticed" \
  broken "function oarlock_version_number is gone" '/^uint32_t oarlock_version_number/d'
check "a parameter that is different is noticed" \
  broken "function oarlock_error_free is now" 's/^void oarlock_error_free\(.*/void oarlock_error_free(int error);/'
check "a field of another size is noticed" \
  broken "field oarlock_str.ptr is now: at 8" 's/^  const char \*ptr;/  uint8_t new_first; const char *ptr;/'
check "a number that is different is noticed" \
  broken "constant OARLOCK_ERR_STALE is now: -60" 's/(OARLOCK_ERR_STALE) .*/\1 (-60)/'
check "a type of another sign is noticed" \
  broken "type oarlock_status is now" 's/^typedef int32_t oarlock_status/typedef uint32_t oarlock_status/'
addition() {
  sed 's|^#endif  /\* OARLOCK_H|void oarlock_more(int more);\n&|' "$stage/include/oarlock.h" >"$out/more.h"
  describe "$out/more.txt" "$out/more.h" || return
  compare "$found" "$out/more.txt"
  [ $? -eq 1 ]
}
check "an addition is in order, but has to be recorded" addition

# Every byte of a struct is a field's, so that "all else 0" means what it says.
no_padding() {
  awk '$1 == "field" { split($2, at, "."); sum[at[1]] += $6 }
    $1 == "struct" { size[$2] = $5 }
    END { for (name in size) if (sum[name] != size[name]) { print name " has padding"; bad = 1 }; exit bad }' "$found"
}
check "no struct has padding" no_padding

# One number stands behind the soname, in build.rs: the file, its links and the
# CMake package have it from there.
number_is_one() {
  local name
  name=$(soname "$stage/lib/liboarlock.so")
  [[ $name =~ ^liboarlock\.so\.[0-9]+$ ]] &&
    [ "$(readlink "$stage/lib/liboarlock.so")" = "$name" ] && [ -e "$stage/lib/$name" ] &&
    grep -q "IMPORTED_SONAME \"$name\"" "$stage/lib/cmake/oarlock/oarlockConfig.cmake" &&
    grep -qx "abi ${name##*.}" "$found"
}
check "the soname, the links and the CMake package have one ABI number" number_is_one

# The header's version macros, in the preprocessor and as text.
IFS=. read -r major minor patch <<<"$version"
versions() {
  cat >"$out/version.c" <<END
#include <oarlock.h>
#if OARLOCK_VERSION_NUMBER != $((major * 1000000 + minor * 1000 + patch))
#error "OARLOCK_VERSION_NUMBER"
#endif
#if OARLOCK_VERSION_NUMBER < 1000 || OARLOCK_VERSION_NUMBER >= 1000000000
#error "OARLOCK_VERSION_NUMBER does not compare"
#endif
#if OARLOCK_VERSION_MAJOR != $major || OARLOCK_VERSION_MINOR != $minor || OARLOCK_VERSION_PATCH != $patch
#error "the parts of the version"
#endif
static const char text[] = OARLOCK_VERSION;
int main(void) {
  return strcmp(text, "$version") || strcmp(oarlock_version(), "$version") ||
         oarlock_version_number() != OARLOCK_VERSION_NUMBER;
}
END
  "$cc" -std=c99 "${common[@]}" "$out/version.c" "${shared[@]}" -o "$out/version" && "$out/version" &&
    "$cxx" -std=c++17 "${common[@]}" -x c++ "$out/version.c" "${shared[@]}" -o "$out/version" && "$out/version"
}
check "the version macros say $version, also to the preprocessor" versions
