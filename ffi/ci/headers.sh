# shellcheck shell=bash
# Every header by itself, included twice, without a warning.
# (That two files may include them: header.c and header_cpp.cpp of tests-c.)

installed() { (cd "$stage/include" && find . -name "$1" | sed 's|^\./||' | LC_ALL=C sort); }

# alone HEADER LANGUAGE STANDARD COMPILER FLAG...
alone() {
  printf '#include <%s>\n#include <%s>\n' "$1" "$1" |
    "$4" "-std=$3" "-I$stage/include" "${warnings[@]}" "${@:5}" -fsyntax-only -x "$2" -
}
knows() { "$1" "-std=$2" -fsyntax-only -x "$3" /dev/null 2>/dev/null; }

for standard in c99 c11 c17 c23; do
  knows "$cc" $standard c && later "oarlock.h: $standard" alone oarlock.h c $standard "$cc"
done
# By itself in the oldest standard; the newer ones see it in oarlock.hpp.
for header in $(installed '*.h') $(installed '*.hpp'); do
  later "$header: c++17" alone "$header" c++ c++17 "$cxx"
done
for standard in c++17 c++20 c++23; do
  knows "$cxx" $standard c++ || continue
  later "oarlock.hpp: $standard" alone oarlock.hpp c++ $standard "$cxx"
  later "oarlock.hpp: $standard, without exceptions" alone oarlock.hpp c++ $standard "$cxx" -fno-exceptions
  later "oarlock.hpp: $standard, without RTTI" alone oarlock.hpp c++ $standard "$cxx" -fno-rtti
done
settle

# The flags do say something.
warns() { ! echo 'static inline short less(int more) { return more; }' | "$cc" -std=c99 "${warnings[@]}" -fsyntax-only -x c -; }
check "a conversion that loses bits would be noticed" warns

# The umbrella has all the parts, so that no part is forgotten there.
umbrella() {
  local header included
  included=$(echo '#include <oarlock.hpp>' | "$cxx" -std=c++17 "-I$stage/include" -M -x c++ -) || return
  for header in $(installed '*.hpp'); do
    [[ $header == oarlock.hpp || $included == *"/$header"* ]] ||
      { echo "oarlock.hpp does not include $header"; return 1; }
  done
}
check "oarlock.hpp includes every part" umbrella

# What is installed is what the tree has.
same_headers() { diff -r <(cd include && find . -type f | sort) <(cd "$stage/include" && find . -type f | sort); }
check "every header is installed" same_headers
