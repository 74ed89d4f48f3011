# The verbs of this repository. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# One step after the other: they share node_modules, the built UI and cargo's lock.
.NOTPARALLEL:

TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
ARCH := $(shell uname -m)
# The same, as Docker calls it.
PROCESSOR := $(if $(filter aarch64,$(ARCH)),arm64,amd64)
MUSL := $(ARCH)-unknown-linux-musl
SERVICES := error-tracker log-viewer metrics-collector browser-relay
PYTHON_SERVICES := ERROR_TRACKER_BIN=$(TARGET_DIR)/debug/error-tracker \
	METRICS_COLLECTOR_BIN=$(TARGET_DIR)/debug/metrics-collector
PACKAGES := $(addprefix -p ,$(SERVICES))
SHELL_SCRIPTS := .ci/run deploy/*.sh deploy/tests/*.sh scripts/*.sh
DIST ?= dist

.PHONY: help
help: ## List the verbs
	@awk -F ':.*## ' '/^[a-zA-Z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Build and run everything on this machine, on ports 5010 and up, until Ctrl-C
	@deploy/run.sh

.PHONY: demo
demo: ## The same, and beside it a small shop that is watched
	@deploy/demo.sh

.PHONY: sizes
sizes: ## Print how much memory and disk the running services take
	@deploy/sizes.sh

.PHONY: test
test: setup-test ui check ## Check and test everything, the pages in a real browser included
	npm test
	cargo build $(PACKAGES)
	ERROR_TRACKER_BIN=$(TARGET_DIR)/debug/error-tracker LOG_VIEWER_BIN=$(TARGET_DIR)/debug/log-viewer \
		METRICS_COLLECTOR_BIN=$(TARGET_DIR)/debug/metrics-collector \
		BROWSER_RELAY_BIN=$(TARGET_DIR)/debug/browser-relay scripts/e2e.sh
	BIN_DIR=$(TARGET_DIR)/debug deploy/tests/run.sh
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
	scripts/check-promises.sh
	node scripts/api-pages.mjs --check
	@if command -v shellcheck >/dev/null; then \
		echo shellcheck -x $(SHELL_SCRIPTS); shellcheck -x $(SHELL_SCRIPTS); \
	else \
		echo "shellcheck is not installed; the shell scripts were not checked"; \
	fi

.PHONY: test-python-all
test-python-all: setup ## Test the Python SDK with each of Python 3.10 to 3.14 that is on the PATH
	cargo build -p error-tracker -p metrics-collector
	$(PYTHON_SERVICES) scripts/python.sh test-all

.PHONY: bench bench-quick
bench: ui ## Build the static release binaries, print every figure beside its limit, and keep the tables
	@scripts/setup.sh bench
	CC_$(ARCH)_unknown_linux_musl=musl-gcc cargo build --release $(PACKAGES) --target $(MUSL)
	cargo build --release -p bench
	@scripts/bench.sh $(TARGET_DIR) $(MUSL) $(QUICK)

bench-quick: ## The same in one short round of each
	@$(MAKE) --no-print-directory bench QUICK=--quick

MINUTES ?= 30
CHART ?= $(TARGET_DIR)/memory.svg

.PHONY: soak
soak: ui ## Run all services for 30 minutes (MINUTES) under a memory limit of 30 MB each and draw their memory; takes root
	@scripts/setup.sh bench
	CC_$(ARCH)_unknown_linux_musl=musl-gcc cargo build --release $(PACKAGES) --target $(MUSL)
	cargo build --release -p bench
	$(TARGET_DIR)/release/bench soak --binaries $(TARGET_DIR)/$(MUSL)/release --minutes $(MINUTES) --chart $(CHART)

.PHONY: fuzz
fuzz: ## Feed every parser with changing input, a minute each (FUZZ_SECONDS), or those that FUZZ names
	@scripts/fuzz.sh

.PHONY: attack
attack: ui ## Hold each service against its OpenAPI document with changing requests; needs Python
	cargo build $(PACKAGES)
	@BIN_DIR=$(TARGET_DIR)/debug scripts/attack.sh

.PHONY: audit
audit: ## Look the locked packages up among the known advisories, and check their licences
	@scripts/audit.sh

.PHONY: static
static: ui ## Build the static release binaries into dist/, as releases have them
	@scripts/setup.sh bench
	CC_$(ARCH)_unknown_linux_musl=musl-gcc cargo build --release --locked $(PACKAGES) --target $(MUSL)
	install -d $(DIST)/$(PROCESSOR)
	install $(addprefix $(TARGET_DIR)/$(MUSL)/release/,$(SERVICES)) $(DIST)/$(PROCESSOR)

.PHONY: images
images: ## Build the images monlight/SERVICE:local from the binaries that `make static` has made
	@set -e; for service in $(SERVICES); do \
		DOCKER_BUILDKIT=1 docker build -q -f deploy/Dockerfile --target prebuilt --build-arg SERVICE=$$service \
			-t monlight/$$service:local $(DIST); \
		docker image inspect -f '{{index .RepoTags 0}} {{.Size}} bytes' monlight/$$service:local; \
	done

.PHONY: test-compose
test-compose: ## Put the stack through its life with Docker: smoke test, stop, backup, restore, upgrade (after `make images`)
	@deploy/tests/compose.sh

.PHONY: api-pages
api-pages: ## Write docs/api/*.md anew from the OpenAPI documents
	node scripts/api-pages.mjs

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

# Releases. `make -n` shows what a verb would do. Tags are pushed one by one: more than three at once start no workflow.
# What tags start is in .github/workflows.

.PHONY: versions
versions: ## Print the version of each part, and its newest tag
	@scripts/release.sh versions

# release NAMES WORDS: one commit for all of them, a tag for each.
define release
	scripts/release.sh check "$(V)" $(1)
	$(MAKE) test
	scripts/release.sh set "$(V)" $(1)
	git commit -a -m "release: $(strip $(2)) $(V)"
	$(foreach name,$(1),git tag -a "$(name)-v$(V)" -m "$(name) $(V)" &&) true
	git push origin HEAD
	$(foreach name,$(1),git push origin "refs/tags/$(name)-v$(V)" &&) true
endef

RELEASES := $(addprefix release-,$(SERVICES) python js)

.PHONY: $(RELEASES) release-services release-all
$(RELEASES): release-%:
	$(call release,$*,$*)

release-services: ## Release the four services as V=1.2.3; release-SERVICE, release-python and release-js release one part
	$(call release,$(SERVICES),services)

release-all: ## Release everything as V=1.2.3
	$(call release,$(SERVICES) python js,everything)
