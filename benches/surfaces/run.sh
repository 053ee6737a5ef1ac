#!/usr/bin/env bash
# Times the surfaces above the core: C, Python, Node, the server. `scripts/bench.sh
# surfaces` calls it. With BASE=REVISION that revision is built as well, beside the
# working tree, and both take turns: run, run, run, run, so that what else the
# machine does hits both.
#
#   run.sh WS-PAIRS [c|python|node|server]...
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/trust.sh
ws_pairs=$PWD/$1
here=$PWD/benches/surfaces
shift
[ $# -gt 0 ] || set -- c python node server
turns=${TURNS:-6}
rounds=3
out=$PWD/target/bench/surfaces
rm -rf "$out"
mkdir -p "$out"

# What is measured: the working tree, and perhaps a revision of it.
trees=(now)
declare -A root=([now]=$PWD)
if [ -n "${BASE:-}" ]; then
  revision=$(git rev-parse --short "$BASE^{commit}")
  root[before]=$PWD/target/bench/base-$revision
  [ -d "${root[before]}" ] || git clone --quiet . "${root[before]}"
  git -C "${root[before]}" checkout --quiet "$revision"
  trees=(before now)
fi

build() { # TREE SURFACE
  echo "building $2 ($1)" >&2
  (
    cd "${root[$1]}"
    # The base keeps what it builds to itself.
    unset CARGO_TARGET_DIR
    case $2 in
      c)
        cargo build --quiet --release -p oarlock-ffi
        # The source is ours, header and library are the tree's.
        cc -O2 -I include "$here/time_c.c" target/release/liboarlock.a -lpthread -ldl -lm -o "$out/time_c-$1"
        ;;
      python) scripts/python.sh ;;
      node) scripts/node.sh ;;
      server) cargo build --quiet --release -p oarlock-server ;;
    esac
  ) >"$out/build-$1-$2.log" 2>&1 || { tail -n 30 "$out/build-$1-$2.log" >&2; exit 1; }
}

# Before others, where we may.
first=()
if nice -n -15 true 2>/dev/null; then first=(nice -n -15); fi

server=
finish() { [ -z "$server" ] || kill "$server" 2>/dev/null || true; }
trap finish EXIT

turn() { # TREE SURFACE: one line of JSON
  local at=${root[$1]}
  case $2 in
    c) "${first[@]}" "$out/time_c-$1" $rounds ;;
    python) "${first[@]}" "$at/build/python/env/bin/python" benches/surfaces/time_python.py $rounds ;;
    node) "${first[@]}" node benches/surfaces/time-node.cjs "$at/bindings/node" $rounds ;;
    server)
      coproc SERVE { exec "${first[@]}" "$at/target/release/oarlock" serve --listen 127.0.0.1:0; }
      server=$SERVE_PID
      local line
      read -r line <&"${SERVE[0]}"
      "${first[@]}" "$ws_pairs" "${line##* }" $rounds 500
      kill "$server"
      wait "$server" 2>/dev/null || true
      server=
      ;;
  esac
}

for surface in "$@"; do
  for tree in "${trees[@]}"; do build "$tree" "$surface"; done
  for _ in $(seq "$turns"); do
    for tree in "${trees[@]}"; do
      turn "$tree" "$surface" >>"$out/$surface-$tree.json"
      echo >>"$out/$surface-$tree.json"
    done
  done
done
exec python3 benches/surfaces/table.py "$out" "$@"
