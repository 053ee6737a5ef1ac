#!/usr/bin/env bash
# Makes a Python virtual environment with pip, unless it is there already:
#
#   scripts/venv.sh DIR [PYTHON]
#
# Debian ships venv without pip in a package of its own. Where that is missing
# and we may install it, we do; else the message says what is needed.
set -euo pipefail

dir=$1
python=${2:-python3}
if "$dir/bin/python" -c 'import pip' 2>/dev/null; then
  exit
fi
if "$python" -m venv --clear "$dir" >/dev/null 2>&1; then
  exit
fi
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null &&
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "python$version-venv"; } >&2 &&
  "$python" -m venv --clear "$dir" >&2; then
  exit
fi
echo "$python cannot make virtual environments with pip; on Debian install python$version-venv" >&2
exit 1
