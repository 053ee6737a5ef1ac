#!/usr/bin/env bash
# Installs the Node package into an empty folder and tests it, on the Node of the
# machine and on version 24.
#
#   bindings/node/ci.sh           both
#   bindings/node/ci.sh node      the machine's only (or any other command)
#
# Node 24 comes from the npm registry's package `node`. What is installed goes
# below build/node and into bindings/node/node_modules. The first run takes about
# two minutes (a release build), later ones one.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/node
mkdir -p "$out"
. "$root/scripts/trust.sh"
passed=0
failed=0

# check NAME COMMAND...: counts as one test.
check() {
    local name=$1
    shift
    if "$@"; then
        echo "ok: $name"
        passed=$((passed + 1))
    else
        echo "FAILED: $name"
        failed=$((failed + 1))
    fi
}

quiet() { "$@" >"$out/log" 2>&1 || { cat "$out/log"; return 1; }; }

echo "== unit tests of the native half"
cargo test --quiet --manifest-path "$root/Cargo.toml" -p oarlock-node 2>&1 | tee "$out/log" || failed=$((failed + 1))
read -r p f < <(sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed;.*/\1 \2/p' "$out/log") || p=0 f=0
passed=$((passed + p))
failed=$((failed + f))

echo "== npm install into an empty folder"
consumer=$out/consumer
rm -rf "$consumer"
mkdir -p "$consumer"
touch "$out/before"
cd "$consumer"
check "npm install" quiet npm install --no-fund --no-audit "$here"
built() { [ -n "$(find "$here" -maxdepth 1 -name 'oarlock.*.node' -newer "$out/before")" ]; }
if built; then
    check "it built the native module" true
else
    # npm can be told to run no install scripts.
    check "building the native module by hand" quiet node "$here/scripts/build.mjs"
fi
echo "import { Manager } from 'oarlock';
const guard = await new Manager().acquire({ write: 'a' });
guard.release();" >esm.mjs
echo "const { Manager } = require('oarlock');
new Manager().tryAcquire({ write: 'a' }).release();" >common.cjs
cp "$root/examples/readme/readme.mjs" readme.mjs

cd "$here"
# The compiler for the test of the types; the package itself depends on nothing.
quiet npm ci --ignore-scripts --no-fund --no-audit

if [ $# -gt 0 ]; then
    nodes=("$@")
else
    node24=$out/24/node_modules/node/bin/node
    if [ ! -x "$node24" ]; then
        # A project of its own, since npm would look for one above the folder.
        mkdir -p "$out/24"
        echo '{"private": true}' >"$out/24/package.json"
        quiet npm install --ignore-scripts --no-fund --no-audit --prefix "$out/24" node@24
        # By hand, since npm can be told to run no install scripts. It fetches the
        # package of this system.
        quiet env -C "$out/24/node_modules/node" node installArchSpecificPackage.js
    fi
    nodes=(node "$node24")
fi

for node in "${nodes[@]}"; do
    echo "== Node $("$node" --version)"
    for file in esm.mjs common.cjs readme.mjs; do
        check "$file in the other folder" quiet env -C "$consumer" "$node" "$file"
    done
    status=0
    "$node" --test --test-timeout=120000 --test-reporter=tap test/*.test.mjs >"$out/log" 2>&1 || status=$?
    p=$(sed -n 's/^# pass //p' "$out/log")
    f=$(sed -nE 's/^# (fail|cancelled) //p' "$out/log" | awk '{ n += $1 } END { print n + 0 }')
    # A run that broke off counted nothing.
    if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    if [ "$f" -gt 0 ]; then cat "$out/log"; fi
    grep -E '^ok .* # SKIP' "$out/log" || true
    echo "node $("$node" --version): ${p:-0} passed, $f failed"
    passed=$((passed + ${p:-0}))
    failed=$((failed + f))
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
