#!/usr/bin/env bash
# The npm client and the README's WebSocket example against a server built from
# this tree. The server's own tests are `cargo test -p oarlock-server`.
# Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh

cargo build --quiet -p oarlock-server
OARLOCK_SERVER=$(realpath "${CARGO_TARGET_DIR:-target}/debug/oarlock")
export OARLOCK_SERVER

# Installed under build/, where nothing is committed. No lock file: one would
# name this machine's registry; the versions in package.json are exact.
work=build/server/npm
rm -rf "$work"
mkdir -p "$work"
cp server/tests-npm/* examples/readme/readme-websocket.mjs "$work"
npm install --prefix "$work" --no-package-lock --no-audit --no-fund --loglevel=error
cd "$work"

node --test --test-reporter=tap client.test.mjs >client.tap && status=0 || status=$?
cat client.tap
count() { sed -n "s/^# $1 //p" client.tap; }
passed=$(count pass)
failed=$(($(count fail) + $(count cancelled)))
# A run that broke off before it could count is a failure too.
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi

# The example, run as the README has it against a server that is running.
coproc SERVER { exec "$OARLOCK_SERVER" serve --listen 127.0.0.1:0; }
server=$SERVER_PID
trap 'kill "$server" 2>/dev/null || true' EXIT
read -r -u "${SERVER[0]}" line
address=${line#listening on }
said=$(OARLOCK_URL="ws://$address/v1?namespace=bank" node readme-websocket.mjs) || true
if [[ $said =~ ^"transfer under lock "[0-9]+$ ]]; then
  passed=$((passed + 1))
else
  echo "readme-websocket.mjs said: $said"
  failed=$((failed + 1))
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
