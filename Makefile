# One entry per need; `make help` lists them.
CARGO ?= cargo

.PHONY: help build test
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 30

build: ## Build the programs
	$(CARGO) build --release

test: ## Build and run every test
	$(CARGO) test
