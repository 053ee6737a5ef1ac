# shellcheck shell=bash
# ffi/install.sh and make install: where things go, and that they go away again.

. "$here/ci/tools.sh"

pkg_config=$(pkg_config_path) || fail "pkg-config can be had"
place=$out/place

refuses_a_relative_prefix() {
  local said
  said=$("$here/install.sh" build/ffi/relative 2>&1)
  [ $? -eq 2 ] && [[ $said == *"must be an absolute path"* ]] && [ ! -e build/ffi/relative ]
}
check "install.sh refuses a relative prefix" refuses_a_relative_prefix

tree() { (cd "$1" && find . ! -type d | LC_ALL=C sort); }
expected() {
  local soname
  soname=$(readlink "$stage/lib/liboarlock.so")
  {
    (cd include && find . -type f | sed "s|^\.|./usr/$2|")
    printf "./usr/$1/%s\n" liboarlock.a liboarlock.so "$soname" "liboarlock.so.$version" \
      pkgconfig/oarlock.pc pkgconfig/oarlock-static.pc \
      cmake/oarlock/oarlockConfig.cmake cmake/oarlock/oarlockConfigVersion.cmake
  } | LC_ALL=C sort
}
# installs LIBDIR INCLUDEDIR ARGUMENT...: below DESTDIR there is this and nothing
# else, no file names DESTDIR, and pkg-config finds the way.
installs() {
  local libdir=$1 includedir=$2 pc
  shift 2
  rm -rf "$place"
  "$@" || return
  diff <(expected "$libdir" "$includedir") <(tree "$place") || return
  ! grep -rlF "$place" --include='*.pc' --include='*.cmake' "$place" || return
  pc=$place/usr/$libdir/pkgconfig
  [ -e "$(PKG_CONFIG_PATH=$pc "$pkg_config" --variable=includedir oarlock)/oarlock.h" ] &&
    [ -e "$(PKG_CONFIG_PATH=$pc "$pkg_config" --variable=libdir oarlock)/liboarlock.so" ]
}
uninstalls() {
  touch "$place/usr/other"
  "$@" && [ "$(tree "$place")" = ./usr/other ] && [ ! -e "$place/usr/include/oarlock" ]
}

export DESTDIR=$place
check "DESTDIR, and LIBDIR for several architectures" installs lib/x86_64-linux-gnu include \
  env LIBDIR=lib/x86_64-linux-gnu "$here/install.sh" /usr
check "it is removed again" uninstalls env LIBDIR=lib/x86_64-linux-gnu "$here/install.sh" --uninstall /usr
check "absolute LIBDIR and INCLUDEDIR" installs lib64 include/deep/er \
  env LIBDIR=/usr/lib64 INCLUDEDIR=/usr/include/deep/er "$here/install.sh" /usr/
unset DESTDIR
# Through make, whose release build is left out here: `make -n` only says it.
says_make() { make --no-print-directory -n "$@" DESTDIR=/tmp/x PREFIX=/usr LIBDIR=lib64 | grep -F "ffi/install.sh"; }
check "make install passes it all on" grep -F 'DESTDIR="/tmp/x" LIBDIR="lib64" INCLUDEDIR="include" ffi/install.sh "/usr"' <(says_make install)
check "make uninstall, too" grep -F 'DESTDIR="/tmp/x" LIBDIR="lib64" INCLUDEDIR="include" ffi/install.sh --uninstall "/usr"' <(says_make uninstall)
rm -rf "$place"
