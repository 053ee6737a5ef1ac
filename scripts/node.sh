#!/usr/bin/env bash
# Installs the Node package, as `npm install ./bindings/node` would, into the
# project build/node/env. OARLOCK_PROFILE=dev builds faster.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh

root=$PWD
env=build/node/env
mkdir -p "$env"
# Named, since npm would otherwise look for a project in the folders above.
[ -f "$env/package.json" ] || echo '{"private": true}' >"$env/package.json"
# By hand, since npm can be told to run no install scripts.
node bindings/node/scripts/build.mjs
cd "$env"
npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error "$root/bindings/node"
node -e 'require("oarlock"); console.log("oarlock for Node", require("oarlock/package.json").version, "in '"$env"'")'
