# One entry per need; `make help` lists them.
CARGO ?= cargo

.PHONY: help build run demo test lint doc reference
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 30

build: ## Build the programs
	$(CARGO) build --release --bins

run: build ## Start the daemon in the foreground
	target/release/goxel-daemon

demo: build ## Show the daemon at work; FILE=model.gox shows it with a model of yours
	scripts/demo.sh $(FILE)

test: ## Build and run every test
	$(CARGO) test

lint: ## Check formatting, lints and documentation, as CI does
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps

doc: ## Build the documentation
	$(CARGO) doc --no-deps

reference: ## Write the reference page of the guide anew from the table of methods
	GOXEL_UPDATE_REFERENCE=1 $(CARGO) test --test api_described reference
