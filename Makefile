# execsnoop: what there is to run here. `make help` lists it; ARGS="..." goes to the program.

# bpftool lives in /usr/sbin, which is not in every user's PATH.
export PATH := $(PATH):/usr/sbin:/sbin
TARGET := $(or $(CARGO_TARGET_DIR),target)
EXECSNOOP := $(TARGET)/release/execsnoop
INSTALL := scripts/install-packages
# What bpfrun's tests compile is written as people write it.
C_FILES = $(shell find crates examples -path crates/bpfrun/tests/corpus -prune -o -name '*.[ch]' -print)
# Lets cargo start what it built through a script, so that cargo itself never needs root.
cargo_through = cargo --config 'target."cfg(unix)".runner = ["$(CURDIR)/scripts/$(1)"]'
# 77 is the exit status of what was skipped.
kernels = cargo xtask kernels $(1) $(CARGO_FLAGS) $(KERNELS_FLAGS) || [ $$? -eq 77 ]
# CI sets this to --locked.
CARGO_FLAGS ?=
# --must-run makes that an error: without it, a machine that cannot have other kernels skips them, loudly.
KERNELS_FLAGS ?=
ARGS ?=
CLANG ?= clang

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: build run test kernels dist demo cost bench bench-bpfrun microbench vmlinux lint clean help
.PHONY: install-build install-test install-lint install-vmlinux install-kernels install-newest-clang install-dist
.PHONY: install-bench

build: ## Build target/release/execsnoop and bpfrun (the default)
	cargo build --release --package execsnoop --package bpfrun $(CARGO_FLAGS)

run: install-build build ## Show every exec on this machine until Ctrl-C (installs what building needs)
	scripts/as-root $(EXECSNOOP) $(ARGS)

test: install-test install-kernels ## Run all tests, on this kernel and on four more in QEMU (some through sudo)
	$(call cargo_through,run-test) test --workspace --no-fail-fast $(CARGO_FLAGS)
	$(call kernels,--quick)
	$(call kernels,--quick --backend classic)

kernels: install-kernels install-newest-clang ## Run the tests on one kernel of each series; docs/kernels.md is what it prints
	$(call kernels,--clang newest $(ARGS))

dist: install-dist ## Pack the static binary for any Linux into target/dist, and test it in bare root file systems
	cargo xtask dist $(CARGO_FLAGS)
	EXECSNOOP=$(abspath $(TARGET))/dist/execsnoop $(call cargo_through,run-test) test --package execsnoop --test e2e $(CARGO_FLAGS) -- static_binary::

demo: install-build build ## Trace a small busy workload for some seconds
	scripts/demo $(EXECSNOOP)

cost: install-build build ## Measure what tracing costs: kernel time per exec, slow-down of a storm
	$(call cargo_through,as-root) xtask cost --execsnoop $(EXECSNOOP) $(ARGS)

bench: install-bench build ## Measure beside bcc, libbpf-tools, bpftrace, forkstat, perf, strace, auditd; docs/benchmarks.md
	$(call cargo_through,as-root) xtask bench --execsnoop $(EXECSNOOP) $(ARGS)

bench-bpfrun: install-bench build ## Measure how fast bpfrun starts and what it holds, beside BCC where that runs
	$(call cargo_through,as-root) xtask bench-bpfrun --bpfrun $(TARGET)/release/bpfrun $(ARGS)

microbench: install-build ## Measure the parts alone: decoding, the process table, each format, filters, redaction
	cargo bench --workspace $(CARGO_FLAGS) -- $(ARGS)

vmlinux: install-vmlinux ## Write the running kernel's types to target/vmlinux.h
	scripts/vmlinux $(TARGET)/vmlinux.h

lint: install-lint ## Check formats and lints of the Rust, the C and the scripts; compile the C for arm64 too
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(CARGO_FLAGS) -- -D warnings
	scripts/check-c-format $(C_FILES)
	shellcheck .ci/run scripts/* xtask/src/kernels/init.sh
	scripts/check-bpf $(CLANG)

clean: ## Remove everything that was built
	cargo clean

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

install-build:
	@$(INSTALL) build

install-test:
	@$(INSTALL) build test

install-lint:
	@$(INSTALL) build lint

install-vmlinux:
	@$(INSTALL) vmlinux

# What cannot be had is said, and then the kernels are skipped.
install-kernels:
	@$(INSTALL) build dist kernels || true

install-newest-clang:
	@$(INSTALL) newest-clang || true

# Peers that cannot be had are left out, and said.
install-bench:
	@$(INSTALL) build bench

install-dist:
	@$(INSTALL) build dist
