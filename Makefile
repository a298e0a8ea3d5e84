# One entry per need; `make help` lists them.
CARGO ?= cargo

.PHONY: help build run demo test fuzz lint doc reference test-clients
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 30

build: ## Build the programs
	$(CARGO) build --release --bins

run: build ## Start the daemon in the foreground
	target/release/goxel-daemon

demo: build ## Show the daemon at work; FILE=model.gox shows it with a model of yours
	scripts/demo.sh $(FILE)

test: ## Build and run every test
	$(CARGO) test --no-fail-fast

.PHONY: bench-rpc
bench-rpc: ## Measure requests a second beside redis-server; RUNS=5 SECONDS=1 PLACEMENT=split JOURNAL=second WORDS="ping 50x128"
	$(CARGO) bench --bench rpc -- $(WORDS)

TARGET ?= decoder
TIME ?= 60
fuzz: ## Fuzz TARGET, one of those in tests/fuzz/targets, for TIME seconds; needs cargo-fuzz
	@command -v cargo-fuzz >/dev/null || { echo "cargo-fuzz is missing: cargo install cargo-fuzz"; exit 1; }
	mkdir -p target/fuzz-corpus/$(TARGET)
	cd tests/fuzz && RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run --fuzz-dir . --target-dir ../../target/fuzz $(TARGET) \
		../../target/fuzz-corpus/$(TARGET) $(abspath $(wildcard tests/fuzz/corpus/$(TARGET))) \
		-- -max_total_time=$(TIME) -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1

WORDS ?=
.PHONY: bench bench-json
bench: ## Measure against the yardsticks; WORDS="edit shape" picks rows
	$(CARGO) bench --bench bench -- $(WORDS)

bench-json: ## The same figures as JSON
	@$(CARGO) bench -q --bench bench -- --json $(WORDS)

.PHONY: bench-scripts
bench-scripts: build ## Measure setAt and getAt of scripts beside an empty function, and what it takes to start one
	$(CARGO) bench --bench bench -- script

.PHONY: bench-peers
bench-peers: ## Measure the engine beside block-mesh, binary-greedy-meshing and dot_vox; WORDS="mesh vox convert"
	$(CARGO) run --release -q --manifest-path tests/bench/peers/Cargo.toml --target-dir target/peers -- $(WORDS)

.PHONY: check dev check-features audit
check: ## See quickly whether everything compiles, and hold the rules of the house
	$(CARGO) check --all-targets
	$(CARGO) test -q --test tidy

dev: ## Rerun `make check` and the tests of the rooms that a change touches, whenever a file changes; needs cargo-watch
	@command -v cargo-watch >/dev/null || { echo "cargo-watch is missing: cargo install cargo-watch"; exit 1; }
	$(CARGO) watch -w src -w tests -s 'make check' -s 'scripts/test-touched.sh'

check-features: ## Build each feature alone
	for feature in engine server client ctl; do \
		$(CARGO) check --lib --no-default-features --features $$feature || exit 1; done

audit: ## Look for known faults and unused crates, with the tools that are installed
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny check; else echo "skipped: no cargo-deny"; fi
	@if command -v cargo-machete >/dev/null; then $(CARGO) machete; else echo "skipped: no cargo-machete"; fi

lint: ## Check formatting, lints and documentation, as CI does
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

doc: ## Build the documentation
	$(CARGO) doc --no-deps

reference: ## Write the reference page and the table of formats of the guide anew
	GOXEL_UPDATE_REFERENCE=1 $(CARGO) test --test api --test format reference_page

.PHONY: test-interop
test-interop: ## Let independent programs read what goxelctl writes; those that cannot be installed are skipped by name
	$(CARGO) build --bin goxelctl
	python3 tests/interop/run.py --goxelctl target/debug/goxelctl

.PHONY: test-protocol-detection test-connection-lifecycle test-error-recovery test-journal
test-protocol-detection: ## Test that each connection speaks one framing for life
	$(CARGO) test --lib wire::
	$(CARGO) test --test server -- server::protocol_detection:: spec_examples::

test-connection-lifecycle: ## Test connections and the daemon from start to stop
	$(CARGO) test --test server -- server::lifecycle:: ownership:: limits::

RESTARTS ?= 100
FAULT_SEEDS ?= 3000
test-error-recovery: ## Test that everything goes on after errors, RESTARTS kills, and broken connections of FAULT_SEEDS seeds
	$(CARGO) test --test server -- server::error_recovery::
	GOXEL_RESTARTS=$(RESTARTS) GOXEL_FAULT_SEEDS=$(FAULT_SEEDS) \
		$(CARGO) test --test server -- --nocapture --test-threads 1 client::faults client::restarts

KILLS ?= 1000
test-journal: ## Kill the daemon KILLS times under 50 clients with sessions, with each policy and while the journal is written anew
	GOXEL_KILLS=$(KILLS) GOXEL_KILL_CLIENTS=50 GOXEL_TAKEOVERS=20 GOXEL_TAKEOVER_CLIENTS=50 GOXEL_CUT_RECORDS=1000 \
		GOXEL_POWER_CUTS=1000 GOXEL_CHANGED_RECORDS=50000 $(CARGO) test --release --test server -- --nocapture --test-threads 1 journal::

.PHONY: test-security
WALKS ?= 10000
SWAPS ?= 10000
SAVE_KILLS ?= 200
test-security: ## Attack the daemon at length: WALKS random walks over files, SWAPS of links while it saves, SAVE_KILLS kills, a fault at each call of a save
	GOXEL_WALKS=$(WALKS) GOXEL_SWAPS=$(SWAPS) GOXEL_SAVE_KILLS=$(SAVE_KILLS) GOXEL_ALL_FAULTS=1 \
		$(CARGO) test --test server -- --nocapture security::

# How many seeds `make simulate` runs.
SEEDS ?= 1000

.PHONY: simulate
simulate: ## Run SEEDS fresh seeds of simulated network and clock; a failing seed prints how to run it again
	GOXEL_SIMULATE_SEEDS=$(SEEDS) $(CARGO) test --release --test server simulation::fresh -- --nocapture

ABUSE ?=
.PHONY: greed
greed: build ## Greedy and hostile clients for GREED_TIME=1h against the release daemon under a limit of address space; GREED="--seed 1"
	tests/load/greed.py $(GREED_TIME) --daemon target/release/goxel-daemon $(GREED)
GREED_TIME ?= 1h

.PHONY: abuse
abuse: build ## Do to the release daemon what clients can do to it, pings beside it; ABUSE="--quick --only garbage"
	tests/load/abuse.py --daemon target/release/goxel-daemon $(ABUSE)

STALLS ?=
.PHONY: stalls
stalls: build ## Send every method and hostile messages against hostile documents, print the longest turns; STALLS="--scale 0.1"
	tests/load/stalls.py --daemon target/release/goxel-daemon $(STALLS)

# Where `make install` puts things. BIN is where the built programs are.
PREFIX ?= /usr/local
DESTDIR ?=
BIN ?= target/release
BINDIR = $(PREFIX)/bin
SYSTEMD ?= yes
PROGRAMS = goxel-daemon goxelctl goxel-mcp

.PHONY: install install-files uninstall install-launchd homebrew-formula deb static test-ops bench-idle
install: build install-files ## Install the programs, manual pages, completions and units; DESTDIR= PREFIX= SYSTEMD=yes|no

install-files:
	install -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(PREFIX)/share/goxel" "$(DESTDIR)$(PREFIX)/share/man/man1"
	for program in $(PROGRAMS); do \
		if [ -x $(BIN)/$$program ]; then install -m 755 $(BIN)/$$program "$(DESTDIR)$(BINDIR)"; fi; done
	install -m 755 scripts/health-check.sh "$(DESTDIR)$(PREFIX)/share/goxel/health-check.sh"
	env -i $(BIN)/goxel-daemon --show-config > "$(DESTDIR)$(PREFIX)/share/goxel/config.example.toml"
	scripts/install-extras.sh "$(BIN)" "$(DESTDIR)$(PREFIX)"
	install -d "$(DESTDIR)$(PREFIX)/share/goxel/apparmor"
	sed 's|@BINDIR@|$(BINDIR)|' scripts/apparmor/goxel-daemon > "$(DESTDIR)$(PREFIX)/share/goxel/apparmor/goxel-daemon"
	[ "$(SYSTEMD)" != yes ] || scripts/install-units.sh "$(BINDIR)" "$(PREFIX)" "$(DESTDIR)"

uninstall: ## Remove what `make install` installed; projects and configuration stay
	for program in $(PROGRAMS); do rm -f "$(DESTDIR)$(BINDIR)/$$program" \
		"$(DESTDIR)$(PREFIX)/share/man/man1/$$program.1" "$(DESTDIR)$(PREFIX)/share/man/man1/$$program"-*.1; done
	rm -f "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/goxelctl" \
		"$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_goxelctl" \
		"$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/goxelctl.fish"
	rm -rf "$(DESTDIR)$(PREFIX)/share/goxel"
	rm -f "$(DESTDIR)$(PREFIX)"/share/systemd/user/goxel-daemon.* "$(DESTDIR)$(PREFIX)"/lib/systemd/*/goxel-daemon.* "$(DESTDIR)$(PREFIX)/lib/sysusers.d/goxel.conf"

install-launchd: ## Put the launchd agent of this user in place (macOS)
	install -d "$(HOME)/Library/LaunchAgents" "$(HOME)/Library/Logs"
	sed -e 's|@BINDIR@|$(BINDIR)|' -e 's|@HOME@|$(HOME)|' -e "s|@SOCKET@|$$($(BINDIR)/goxelctl path)|" \
		scripts/launchd/io.goxel.daemon.plist \
		> "$(HOME)/Library/LaunchAgents/io.goxel.daemon.plist"

homebrew-formula: ## Write target/goxel-daemon.rb for a source archive at URL= with SHA256=
	@[ -n "$(URL)" ] && [ -n "$(SHA256)" ] || { echo "URL= and SHA256= are needed"; exit 2; }
	mkdir -p target
	sed -e 's|@URL@|$(URL)|' -e 's|@SHA256@|$(SHA256)|' scripts/homebrew/goxel-daemon.rb > target/goxel-daemon.rb

deb: build ## Build a Debian package in target/
	scripts/debian/build.sh target

static: ## Build programs without shared libraries, with musl if that target is installed, else with glibc
	scripts/build-static.sh

test-ops: ## Test operations: health, signals, units, installation; what needs a missing program is skipped by name
	$(CARGO) test --lib server::
	GOXEL_SLOW_DISK=1 $(CARGO) test --test tools ops:: -- --nocapture --test-threads 2

bench-idle: build ## Print what an idle daemon costs, beside redis-server where it is installed
	scripts/bench-idle.sh

test-clients: ## Let JSON-RPC clients from npm and PyPI call the daemon, and validate its OpenRPC document
	$(CARGO) build --bin goxel-daemon
	tests/clients/run.sh

.PHONY: test-readme
test-readme: build ## Run the README word for word, and the blocks of the guides that are marked to be run
	scripts/test-readme.py

.PHONY: test-mcp mcpb
test-mcp: ## Let clients of npm and PyPI, the conformance suite and Chromium meet goxel-mcp; what is missing is skipped by name
	$(CARGO) build --bin goxel-daemon --bin goxel-mcp --example mcp-fixture
	tests/mcp/host/run.sh

mcpb: build ## Build target/goxel.mcpb and target/server.json for hosts and the registry of servers; SCHEMA=server.schema.json
	scripts/mcpb.py target/release target $(SCHEMA)

SEQUENCES ?= 100000
.PHONY: test-model bench-api
test-model: ## Random sequences of calls against a naive model of voxels (SEQUENCES=100000)
	GOXEL_MODEL_SEQUENCES=$(SEQUENCES) $(CARGO) test --release --test api model::

bench-api: ## What calls cost without sockets, beside the same through serde_json
	$(CARGO) bench --bench api

# What is linked at the end does not matter to pictures, and takes most of the time.
GOLDENS = CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 $(CARGO) test --release --test api
.PHONY: test-pictures
test-pictures: ## Draw the golden pictures in release, for x86-64-v3 and, under qemu-user, for aarch64; what is missing is skipped by name
	$(GOLDENS) goldens::
	@if grep -qsw avx2 /proc/cpuinfo && grep -qsw fma /proc/cpuinfo; then \
	  RUSTFLAGS="-C target-cpu=x86-64-v3" $(GOLDENS) --target-dir target/x86-64-v3 goldens::; \
	else echo "skipped: pictures for x86-64-v3: no avx2 and fma here"; fi
	@if command -v qemu-aarch64 >/dev/null && command -v aarch64-linux-gnu-gcc >/dev/null \
	  && rustup target list --installed 2>/dev/null | grep -qx aarch64-unknown-linux-gnu; then \
	  CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
	  CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu" \
	  $(GOLDENS) --target aarch64-unknown-linux-gnu goldens::; \
	else echo "skipped: pictures for aarch64: no qemu-aarch64, cross compiler or target of rustup"; fi

.PHONY: bench-pictures
bench-pictures: ## Measure meshes and pictures; WORDS=mesh, draw, water, paths, threads, stage or slice
	$(CARGO) bench --bench pictures -- $(WORDS)

.PHONY: bench-latency
bench-latency: ## Measure what others wait beside long work; SIZE=60000000 SECONDS=2 WORDS="save load"
	$(CARGO) bench --bench latency -- $(WORDS)

.PHONY: soak-memory scarce
soak-memory: ## Go round the loops of the memory tests 20,000 times, on the released daemon
	GOXEL_MEMORY_CYCLES=20000 GOXEL_SMALL_MEMORIES=128,192,256,320,512 $(CARGO) test --release --test server -- server::memory::

scarce: build ## Every method, reader and writer under twenty limits of address space; SCARCE="--sizes 64,96 --samples FOLDER"
	tests/load/scarce.py --daemon target/release/goxel-daemon $(SCARCE)
