# The verbs of this repository. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# One step after the other: they share node_modules, the built UI and cargo's lock.
.NOTPARALLEL:

TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
ARCH := $(shell uname -m)
MUSL := $(ARCH)-unknown-linux-musl
SERVICES := error-tracker log-viewer metrics-collector browser-relay
PYTHON_SERVICES := ERROR_TRACKER_BIN=$(TARGET_DIR)/debug/error-tracker \
	METRICS_COLLECTOR_BIN=$(TARGET_DIR)/debug/metrics-collector
PACKAGES := $(addprefix -p ,$(SERVICES))
SHELL_SCRIPTS := .ci/run deploy/*.sh scripts/*.sh

.PHONY: help
help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Build and run everything on this machine, on ports 5010 and up, until Ctrl-C
	@deploy/run.sh

.PHONY: test
test: setup-test ui check ## Check and test everything, the pages in a real browser included
	npm test
	cargo build $(PACKAGES)
	ERROR_TRACKER_BIN=$(TARGET_DIR)/debug/error-tracker LOG_VIEWER_BIN=$(TARGET_DIR)/debug/log-viewer \
		METRICS_COLLECTOR_BIN=$(TARGET_DIR)/debug/metrics-collector \
		BROWSER_RELAY_BIN=$(TARGET_DIR)/debug/browser-relay npm run e2e --workspaces --if-present
	$(PYTHON_SERVICES) scripts/python.sh test
	cargo test --quiet --workspace --doc
	@scripts/cargo-test.sh

.PHONY: check
check: setup ## The quick part of test: format, lints, types, documented settings
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings
	npm run check
	scripts/python.sh check
	scripts/check-settings.sh
	@if command -v shellcheck >/dev/null; then \
		echo shellcheck $(SHELL_SCRIPTS); shellcheck $(SHELL_SCRIPTS); \
	else \
		echo "shellcheck is not installed; the shell scripts were not checked"; \
	fi

.PHONY: test-python-all
test-python-all: setup ## Test the Python SDK with each of Python 3.10 to 3.14 that is on the PATH
	cargo build -p error-tracker -p metrics-collector
	$(PYTHON_SERVICES) scripts/python.sh test-all

.PHONY: bench
bench: ui ## Build the static release binaries and print their figures beside their limits
	@scripts/setup.sh bench
	CC_$(ARCH)_unknown_linux_musl=musl-gcc cargo build --release $(PACKAGES) --target $(MUSL)
	cargo build --release -p bench
	@set -e; for service in $(SERVICES); do \
		$(TARGET_DIR)/release/bench $$service --binary $(TARGET_DIR)/$(MUSL)/release/$$service; \
	done
	ERROR_TRACKER_BIN=$(TARGET_DIR)/$(MUSL)/release/error-tracker \
		METRICS_COLLECTOR_BIN=$(TARGET_DIR)/$(MUSL)/release/metrics-collector scripts/python.sh bench

.PHONY: fuzz
fuzz: ## Feed every parser with changing input, a minute each (FUZZ_SECONDS), or those that FUZZ names
	@scripts/fuzz.sh

.PHONY: demo-metrics
demo-metrics: ## Send a day of a shop's metrics to the collector that `make run` has started
	@set -a; . .run/keys.env; node deploy/demo/metrics.mjs

.PHONY: fmt
fmt: ## Format the Rust and Python code
	cargo fmt
	scripts/python.sh fmt

.PHONY: ui
ui: setup ## Build the web interfaces
	npm run build

.PHONY: setup
setup: ## Install the npm packages; look for the tools that a build needs
	@scripts/setup.sh build

.PHONY: setup-test
setup-test:
	@scripts/setup.sh test
