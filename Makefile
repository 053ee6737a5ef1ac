# Everything a person does here is one of these targets; `make help` lists them.
# Each installs what it needs from the package registries, inside this folder:
# into build/, target/ and the node_modules of the folders that are npm packages.

PREFIX  ?= $(or $(prefix),/usr/local)
LIBDIR  ?= $(or $(libdir),lib)
INCLUDEDIR ?= $(or $(includedir),include)
DESTDIR ?=
SCENARIOS ?= conformance/scenarios
LISTEN  ?= 127.0.0.1:9009
OPS     ?= 10000000
WORLDS  ?= small
RUNS    ?= 100000
SECONDS ?= 3600

.DEFAULT_GOAL := help
.PHONY: help demo test lib python node serve conformance bench examples random history exhaustive loom shuttle stress fuzz \
        mutations mutants sanitizers nightly install uninstall docs-c clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## five languages and a server lock a real directory tree [TREE=DIR]
	@scripts/demo.sh $(if $(TREE),--tree "$(TREE)")

test: ## every test, the linters and the drift checks; ends with the totals
	@scripts/test.sh

lib: ## liboarlock.so and liboarlock.a, optimised, in target/release
	cargo build --release -p oarlock-ffi

python: ## the Python package, installed into build/python/env
	scripts/python.sh

node: ## the Node package, built in place and installed into build/node/env
	scripts/node.sh

serve: ## the WebSocket front, in the foreground [LISTEN=ADDRESS:PORT]
	cargo run --release -p oarlock-server --bin oarlock -- serve --listen $(LISTEN)

conformance: ## the scenarios through every surface [SCENARIOS=DIR]
	@scripts/conformance.sh "$(SCENARIOS)"

examples: ## the larger examples of C and C++, built and checked
	@scripts/examples.sh

bench: ## Oarlock beside its peers, into docs/benchmarks [QUICK=1] [CHECK=1] [UPDATE=1]
	@scripts/bench.sh

random: ## engine and managers against the rules as a list, at random [OPS=10000000]
	cargo run --release -p oarlock-proof --bin random -- --ops $(OPS)

history: OPS = 1000000
history: ## what threads do at the same time against the rules as a list [OPS=1000000]
	cargo run --release -p oarlock-proof --bin history -- --ops $(OPS)

exhaustive: ## every state of small worlds; all of them with WORLDS=all [WORLDS=small]
	@scripts/exhaustive.sh $(WORLDS)

loom: ## every interleaving of the models of core/tests/loom
	@scripts/loom.sh all

shuttle: ## many interleavings of several shards [RUNS=100000]
	@scripts/shuttle.sh $(RUNS)

stress: ## threads that do everything at once, with an oracle [SECONDS=3600]
	@scripts/stress.sh $(SECONDS)

fuzz: ## each fuzz target [SECONDS_EACH=60]
	@scripts/fuzz.sh

mutations: ## breaks rules on purpose, and shows which checker sees it
	@scripts/mutations.sh

mutants: ## every small change of the engine that cargo-mutants knows; hours
	@scripts/mutants.sh

sanitizers: ## the C test programs under the sanitizers and memcheck
	@ffi/ci.sh library sanitizers memcheck

nightly: random history loom shuttle stress fuzz mutations ## the long proofs, one after the other
	@scripts/exhaustive.sh all

install: lib ## headers, libraries, pkg-config and CMake files [PREFIX=DIR] [LIBDIR=DIR] [DESTDIR=DIR]
	DESTDIR="$(DESTDIR)" LIBDIR="$(LIBDIR)" INCLUDEDIR="$(INCLUDEDIR)" ffi/install.sh "$(PREFIX)"

uninstall: ## removes what install put there, with the same settings
	DESTDIR="$(DESTDIR)" LIBDIR="$(LIBDIR)" INCLUDEDIR="$(INCLUDEDIR)" ffi/install.sh --uninstall "$(PREFIX)"

docs-c: ## the C and C++ headers as web pages, in build/docs-c
	@ffi/doxygen/build.sh

clean: ## removes everything that was built or installed here
	rm -rf build target
	find . \( -name node_modules -o -name __pycache__ \) -prune -exec rm -rf {} +
	find . -name '*.node' -not -path './.git/*' -delete
