# execsnoop: what there is to run here. `make help` lists it; ARGS="..." goes to the program.

# bpftool lives in /usr/sbin, which is not in every user's PATH.
export PATH := $(PATH):/usr/sbin:/sbin
TARGET := $(or $(CARGO_TARGET_DIR),target)
EXECSNOOP := $(TARGET)/release/execsnoop
INSTALL := scripts/install-packages
C_FILES = $(shell find crates -name '*.[ch]')
# Lets cargo start what it built through a script, so that cargo itself never needs root.
cargo_through = cargo --config 'target."cfg(unix)".runner = ["$(CURDIR)/scripts/$(1)"]'
# CI sets this to --locked.
CARGO_FLAGS ?=
ARGS ?=

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: build run test demo cost vmlinux lint clean help install-build install-test install-lint install-vmlinux

build: ## Build target/release/execsnoop (the default)
	cargo build --release --package execsnoop $(CARGO_FLAGS)

run: install-build build ## Show every exec on this machine until Ctrl-C (installs what building needs)
	scripts/as-root $(EXECSNOOP) $(ARGS)

test: install-test ## Run all tests (installs what they need; those that load BPF go through sudo)
	$(call cargo_through,run-test) test --workspace --no-fail-fast $(CARGO_FLAGS)

demo: install-build build ## Trace a small busy workload for some seconds
	scripts/demo $(EXECSNOOP)

cost: install-build build ## Measure what tracing costs: kernel time per exec, slow-down of a storm
	$(call cargo_through,as-root) xtask cost --execsnoop $(EXECSNOOP) $(ARGS)

vmlinux: install-vmlinux ## Write the running kernel's types to target/vmlinux.h
	scripts/vmlinux $(TARGET)/vmlinux.h

lint: install-lint ## Check formats and lints of the Rust, the C and the scripts
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(CARGO_FLAGS) -- -D warnings
	scripts/check-c-format $(C_FILES)
	shellcheck .ci/run scripts/*

clean: ## Remove everything that was built
	cargo clean

help: ## List these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install-build:
	@$(INSTALL) build

install-test:
	@$(INSTALL) build test

install-lint:
	@$(INSTALL) build lint

install-vmlinux:
	@$(INSTALL) vmlinux
