#!/usr/bin/env bash
# Measures Oarlock beside its peers, in one run.
#
#   scripts/bench.sh [--only PART-OF-A-NAME]   what `make bench` runs
#   scripts/bench.sh --list                    the workloads and their names
#   scripts/bench.sh check                     format, lints and tests of benches/
#   scripts/bench.sh surfaces [NAME]...        C, Python, Node and the server
#   BASE=REVISION scripts/bench.sh surfaces    the same, before and now in turn
#
#   QUICK=1         a short run; the figures go to target/bench/quick, not to docs/
#   UPDATE=1        keep the counts of instructions as they are now
#   CHECK=1         fail if a count of instructions rose by more than 5%
#   PROFILE=plain   without link-time optimisation; figures as with QUICK
#   OARLOCK_BENCH_WITHOUT=bdb,rocksdb   leave these peers out
set -euo pipefail
cd "$(dirname "$0")/.."

profile=${PROFILE:-release}
bin=target/bench/$profile

# The peers that come from the system. Without them the others are measured.
want() { # HEADER PACKAGE NAME
  if [ -e "$1" ]; then return; fi
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    if apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1 ||
      { apt-get update -qq >/dev/null 2>&1 && apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1; }; then
      return
    fi
  fi
  echo "$3 is left out: its package ($2 on Debian) is not installed" >&2
}

build() { cargo build --quiet --profile "$profile" --manifest-path benches/Cargo.toml --target-dir target/bench "$@"; }

if [ "${1:-}" = surfaces ]; then
  shift
  build --bin ws-pairs
  exec benches/surfaces/run.sh "$bin/ws-pairs" "$@"
fi

case ${1:-} in
  "" | --list | --only) ;;
  check)
    cargo fmt --check --manifest-path benches/Cargo.toml
    cargo clippy --quiet --all-targets --manifest-path benches/Cargo.toml --target-dir target/bench -- -D warnings
    exec cargo test --quiet --manifest-path benches/Cargo.toml --target-dir target/bench
    ;;
  *) echo "usage: scripts/bench.sh [--only PART-OF-A-NAME | --list | surfaces | check]" >&2 && exit 2 ;;
esac

want /usr/include/db.h libdb5.3-dev "Berkeley DB"
want /usr/include/rocksdb/db.h librocksdb-dev RocksDB
command -v valgrind >/dev/null || want /usr/bin/valgrind valgrind "The count of instructions"
build --bins
benches/foreign/build.sh "$bin"

args=()
out=docs/benchmarks
if [ -n "${QUICK:-}" ]; then
  args+=(--quick)
  out=target/bench/quick
elif [ "$profile" != release ]; then
  out=target/bench/$profile-figures
elif [ $# -gt 0 ]; then
  out=target/bench/part
fi
mkdir -p "$out"
args+=(--out "$out")
# Counts of another profile would mean nothing.
if [ "$profile" = release ]; then args+=(--kept docs/benchmarks/instructions.json); fi
if [ -n "${UPDATE:-}" ]; then args+=(--update); fi
if [ -n "${CHECK:-}" ]; then args+=(--check); fi
# Before others, where we may: two threads need two processors. Where the system
# shares time between sessions, that takes a session with a priority.
first=()
if nice -n -15 true 2>/dev/null; then
  first=(nice -n -15)
  if [ -w /proc/self/autogroup ] && command -v setsid >/dev/null; then
    first=(setsid --wait sh -c 'echo -15 >/proc/self/autogroup; exec nice -n -15 "$@"' first)
  fi
fi
exec "${first[@]}" "$bin/bench" "${args[@]}" "$@"
