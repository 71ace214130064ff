# Everything about building, running and testing. `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

SCRIPTS := deploy/scripts
TARGET := $(or $(CARGO_TARGET_DIR),target)
# Arguments of `tollgate serve` in `make run` and `make dev`, and stages of `make test`.
ARGS ?=
STAGES ?=

.PHONY: help run dev test build console openapi fmt lint bench bench-streams bench-database bench-callbacks bench-routing features clean setup

help: ## List the targets
	@echo "Tollgate. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

run: build ## Build everything and start on http://localhost:4000, with SQLite in ./data (ARGS="--port 4001 …")
	@echo "run: starting $(TARGET)/release/tollgate serve $(ARGS)"
	@exec "$(TARGET)/release/tollgate" serve $(ARGS)

dev: setup console ## Like run, but unoptimised: built again in seconds
	@echo "dev: building and starting tollgate serve $(ARGS)"
	@exec cargo run --quiet --package tollgate -- serve $(ARGS)

test: ## Run every check and test, from nothing (STAGES="format clippy" runs only those)
	@echo "test: every check and test; a summary comes at the end"
	@$(SCRIPTS)/test.sh $(STAGES)

build: setup console ## Build the release binary with the console inside
	@echo "build: compiling the release binary"
	@cargo build --release --package tollgate
	@echo "build: $(TARGET)/release/tollgate"

setup: ## Install what a build needs and is missing
	@echo "setup: installing what is missing"
	@$(SCRIPTS)/setup.sh rust wasm

console: ## Build the console into web/dist
	@echo "console: building web/dist"
	@$(SCRIPTS)/build_console.sh

openapi: ## Write openapi/openapi.json from the server's code
	@echo "openapi: writing openapi/openapi.json"
	@cargo run --quiet --package tollgate -- openapi > "$(TARGET)/openapi.json"
	@cp "$(TARGET)/openapi.json" openapi/openapi.json

fmt: ## Format the code
	@echo "fmt: formatting"
	@cargo fmt --all

lint: ## Check formatting, clippy and the scripts
	@echo "lint: format, clippy, scripts"
	@$(SCRIPTS)/test.sh format scripts clippy clippy-web

bench: build ## Measure Tollgate beside nginx
	@echo "bench: measuring beside nginx"
	@$(SCRIPTS)/setup.sh bench redis
	@python3 e2e/bench/bench.py "$(TARGET)/release/tollgate"

bench-streams: build ## Measure 2,000 streams at once, and calls of 1 MB to each provider
	@echo "bench-streams: measuring streams and translation"
	@$(SCRIPTS)/setup.sh python
	@cargo build --quiet --release --package tollgate-bench-streams
	@python3 e2e/bench/streams.py "$(TARGET)/release/tollgate" "$(TARGET)/release/tollgate-bench-streams"
	@. $(SCRIPTS)/lib.sh && "$$(venv_path requirements)/bin/python" e2e/bench/translation.py "$(TARGET)/release/tollgate"

bench-database: build ## Measure reports, lists and ledger verify on a PostgreSQL of their own
	@echo "bench-database: measuring reports and lists"
	@$(SCRIPTS)/setup.sh postgres
	@$(SCRIPTS)/start_test_db.sh python3 e2e/bench/database.py "$(TARGET)/release/tollgate"

bench-callbacks: build ## Measure what callbacks cost: all of them on and off, in turns
	@echo "bench-callbacks: measuring all callbacks on and off"
	@$(SCRIPTS)/setup.sh bench
	@python3 e2e/bench/callbacks.py "$(TARGET)/release/tollgate"

bench-routing: ## Compare routing strategies on traces, and time a choice
	@echo "bench-routing: simulating"
	@cargo bench --quiet --package tollgate --bench routing

features: ## Write deploy/docs/providers.md from the SDK tests
	@echo "features: running the SDK tests"
	@TOLLGATE_WRITE_FEATURES=yes $(SCRIPTS)/test.sh setup binary sdk-python sdk-node features

clean: ## Remove what was built; data stays
	@echo "clean: removing what was built"
	@cargo clean --quiet
	@rm -rf web/dist e2e/node_modules e2e/test-results
