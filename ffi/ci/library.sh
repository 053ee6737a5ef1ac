# shellcheck shell=bash
# Builds and installs the library into $stage and looks at what it is made of:
# symbols, soname, what it needs, how large it is.

# Unit tests and the drift of the header, which UPDATE=1 writes anew.
rust=$(cargo test --quiet --locked -p oarlock-ffi 2>&1) || fail "the Rust tests" "$rust"
good=$(sed -nE 's/^test result: .* ([0-9]+) passed;.*/\1/p' <<<"$rust" | awk '{ n += $1 } END { print n + 0 }')
echo "PASS the Rust tests and the header's drift check: $good"
passed=$((passed + good))

# symbols.txt decides what the static library shows, so it comes first.
declared() { "$here/abi/header.py" "$1" functions; }
if [ "${UPDATE:-}" = 1 ]; then
  declared include/oarlock.h >"$out/symbols.txt" && cp "$out/symbols.txt" "$here/symbols.txt"
  echo "wrote ffi/symbols.txt"
fi

rm -rf "$stage"
check "the library builds and installs" "$here/install.sh" "$stage"

exported() { nm -D --defined-only "$stage/lib/liboarlock.so" | awk '{ print $3 }' | LC_ALL=C sort; }
archived() { nm -g --defined-only "$stage/lib/liboarlock.a" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort; }
same_symbols() { diff -u "$here/symbols.txt" <("$@") || { echo "UPDATE=1 ffi/ci.sh abi"; false; }; }
check "the shared library exports what symbols.txt lists" same_symbols exported
check "the static library, too" same_symbols archived
check "the header declares the same" same_symbols declared "$stage/include/oarlock.h"

# What the loader has to find besides.
needed() { readelf -d "$1" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p'; }
needs_only_the_system() {
  local foreign
  [ -n "$(needed "$1")" ] &&
    ! foreign=$(needed "$1" | grep -vE '^(libc|libm|libgcc_s|libpthread|libdl|ld-linux[a-z0-9-]*)\.so\.[0-9]+$') ||
    { echo "$1 needs $foreign"; false; }
}
check "the shared library needs the system's libraries only" needs_only_the_system "$stage/lib/liboarlock.so"
foreign_is_noticed() {
  "$cc" -shared -x c /dev/null -o "$out/libforeign.so" &&
    "$cc" -shared -x c /dev/null -o "$out/needy.so" -Wl,--no-as-needed "-L$out" -lforeign &&
    ! needs_only_the_system "$out/needy.so"
}
check "another one would be noticed" foreign_is_noticed

# No network: neither library asks the system for a socket's address or data.
network='(socket|bind|listen|accept4?|connect|getaddrinfo|gethostbyname(_r)?|recvfrom|recvmsg|recv|sendto|sendmsg|send)'
no_network() {
  ! nm "$@" | grep -E " U $network(@|\$)"
}
check "the shared library calls no network function" no_network -D "$stage/lib/liboarlock.so"
check "the static library, neither" no_network "$stage/lib/liboarlock.a"

# Every crate that is linked in is one of crates.txt, which names no runtime.
crates() { cargo tree --locked --offline --package oarlock-ffi --edges normal --prefix none |
  awk '{ print $1 }' | LC_ALL=C sort -u; }
only_known_crates() {
  local new
  new=$(comm -23 <(crates) <(sed '/^#/d' "$here/ci/crates.txt" | LC_ALL=C sort -u)) || return
  [ -z "$new" ] || { echo "not in ffi/ci/crates.txt: $new"; false; }
}
check "the library is made of known crates only" only_known_crates
# rustix speaks to the kernel without libc, so its symbols would not tell.
no_net_feature() {
  ! cargo tree --locked --offline --package oarlock-ffi --edges features,normal --prefix none | grep -w 'feature "net"'
}
check "none of them has its network switched on" no_net_feature

stripped() { strip -o "$out/stripped" "$1" && wc -c <"$out/stripped"; }
printf 'liboarlock.so: %s bytes stripped (profile %s); needs: %s\n' \
  "$(stripped "$stage/lib/liboarlock.so")" "$PROFILE" "$(needed "$stage/lib/liboarlock.so" | tr '\n' ' ')"
printf 'liboarlock.a: %s bytes\n' "$(wc -c <"$stage/lib/liboarlock.a")"
