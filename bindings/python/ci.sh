#!/usr/bin/env bash
# Builds the wheel once and tests it on every Python that is found.
#
#   bindings/python/ci.sh            all interpreters from 3.10 up
#   bindings/python/ci.sh 3.11 3.12  these only
#
# Interpreters are looked for on the PATH (python3, python3.10, ...) and under
# ~/.pyenv/versions. Everything is made below build/python; nothing else changes.
# The first run takes about two minutes (a release build; PROFILE=dev is faster),
# later ones half a minute for each interpreter.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/python
mkdir -p "$out"
. "$root/scripts/trust.sh"

# Prints "3.11 /path/to/python" if the command is a CPython from 3.10 up.
describe() {
    "$1" - 2>/dev/null <<'PYTHON' || true
import sys
if sys.version_info >= (3, 10) and sys.implementation.name == "cpython":
    import venv
    print("%d.%d" % sys.version_info[:2], sys.executable)
PYTHON
}

# One interpreter a minor version, the first that is found.
declare -A found=()
for candidate in python3 python3.{10..20} "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python; do
    # A pyenv shim of a version that is not switched on exists but does not run.
    read -r version path < <(describe "$candidate") || continue
    [ -n "${found[$version]:-}" ] || found[$version]=$path
done
versions=$(printf '%s\n' "${!found[@]}" | sort -V)
if [ $# -gt 0 ]; then versions=$(printf '%s\n' "$@"); fi
if [ -z "$versions" ]; then
    echo "no Python from 3.10 up was found" >&2
    exit 1
fi

# The virtual environment of a version, kept between runs; false if this machine
# cannot make one.
environment() {
    "$root/scripts/venv.sh" "$out/$1" "${found[$1]:?"there is no Python $1"}" >&2 || return
    echo "$out/$1/bin/python"
}

declare -A pythons=()
for version in $versions; do
    if python=$(environment "$version"); then
        pythons[$version]=$python
        builder=$python
    else
        echo "python $version: left out, no virtual environment can be made"
    fi
done

# The wheel serves all versions (abi3), so any of them may build it.
rm -rf "$out/wheels"
"${builder:?"no virtual environment can be made"}" -m pip wheel --quiet --no-deps \
    --config-settings "build-args=--profile ${PROFILE:-release} --locked" \
    --wheel-dir "$out/wheels" "$here"
wheel=$(ls "$out"/wheels/oarlock-*-abi3-*.whl)
echo "python: built $(basename "$wheel")"

passed=0 failed=0
count() { grep -oE "[0-9]+ $1" <<<"$2" | grep -oE '[0-9]+' || echo 0; }
for version in $versions; do
    python=${pythons[$version]:-}
    if [ -z "$python" ]; then continue; fi
    "$python" -m pip install --quiet -r "$here/tests/requirements.txt"
    # Tested with if it can be had for this version; the tests skip without it.
    "$python" -m pip install --quiet --only-binary :all: uvloop 2>/dev/null || true
    "$python" -m pip install --quiet --force-reinstall --no-deps "$wheel"
    log=$out/$version.log
    status=0
    (cd "$here" && "$python" -m pytest -q -p no:cacheprovider tests) >"$log" 2>&1 || status=$?
    summary=$(tail -n 1 "$log")
    echo "python $version: $summary"
    if [ "$status" -ne 0 ]; then cat "$log"; fi
    passed=$((passed + $(count passed "$summary")))
    failed=$((failed + $(count failed "$summary") + $(count error "$summary")))
    # A run that broke off without a count is a failure too.
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
done
echo "python: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
