#!/usr/bin/env bash
# Installs the Python package, as `pip install ./bindings/python` would, into a
# virtual environment at build/python/env. PROFILE=dev builds faster.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh

env=build/python/env
scripts/venv.sh "$env"
"$env/bin/python" -m pip install --quiet --disable-pip-version-check \
  --config-settings "build-args=--profile ${PROFILE:-release} --locked" ./bindings/python
"$env/bin/python" -c 'import oarlock; print("oarlock for Python", oarlock.__version__, "in '"$env"'")'
