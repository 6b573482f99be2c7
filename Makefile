# execsnoop's tasks. `make help` lists them; ARGS="..." goes to the program that a task runs.

# bpftool lives in /usr/sbin, which is not in every user's PATH.
export PATH := $(PATH):/usr/sbin:/sbin
TARGET := $(or $(CARGO_TARGET_DIR),target)
EXECSNOOP := $(TARGET)/release/execsnoop
INSTALL := scripts/install-packages
# Not bpfrun's corpus: its programs keep the format that their authors gave them.
C_FILES = $(shell find crates examples -path crates/bpfrun/tests/corpus -prune -o -name '*.[ch]' -print)
# Makes cargo start what it built through a script, so that cargo itself never runs as root.
cargo_through = cargo --config 'target."cfg(unix)".runner = ["$(CURDIR)/scripts/$(1)"]'
# Exit status 77: skipped, and the reason was printed.
kernels = cargo xtask kernels $(1) $(CARGO_FLAGS) $(KERNELS_FLAGS) || [ $$? -eq 77 ]
# CI sets this to --locked.
CARGO_FLAGS ?=
# --must-run turns a skip into an error. Without it, a machine that cannot boot other kernels skips
# these tests with a large message.
KERNELS_FLAGS ?=
# The page that kernels-all writes; empty: none.
KERNELS_PAGE ?= docs/kernels.md
# `make e2e T=NAME` runs the end-to-end tests whose name contains NAME; P chooses the program.
T ?=
P ?= execsnoop bpfrun
ARGS ?=
CLANG ?= clang
PREFIX ?= /usr/local
DESTDIR ?=

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: build install run test e2e kernels kernels-all dist demo cost bench bench-bpfrun microbench vmlinux lint clean help
.PHONY: install-build install-test install-lint install-vmlinux install-kernels install-newest-clang install-dist
.PHONY: install-bench

build: ## Build target/release/execsnoop and bpfrun (the default)
	cargo build --release --package execsnoop --package bpfrun $(CARGO_FLAGS)

install: ## Copy what make built to PREFIX/bin (default /usr/local), below DESTDIR if that is set
	@test -x $(EXECSNOOP) || { echo 'there is no $(EXECSNOOP) yet: run make first' >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(EXECSNOOP) $(TARGET)/release/bpfrun $(DESTDIR)$(PREFIX)/bin

run: install-build build ## Show every exec on this machine until Ctrl-C (installs what building needs)
	scripts/as-root $(EXECSNOOP) $(ARGS)

test: install-test ## Run all tests on this kernel (end-to-end tests as root, through sudo)
	$(call cargo_through,run-test) test --workspace --no-fail-fast $(CARGO_FLAGS)
	cargo test --package execsnoop --no-default-features $(CARGO_FLAGS)
	python3 scripts/check_sql.py

e2e: install-test ## Run the end-to-end tests whose name contains T, as root: make e2e T=columns [P=bpfrun]
	$(call cargo_through,run-test) test $(P:%=--package %) --test e2e $(CARGO_FLAGS) -- $(T) $(ARGS)

kernels: install-kernels ## Run the tests on four other kernels in QEMU, with each BPF backend
	$(call kernels,--quick $(ARGS))
	$(call kernels,--quick --backend classic $(ARGS))

kernels-all: install-kernels install-newest-clang ## Run them on one kernel of each series; writes docs/kernels.md
	$(call kernels,--clang newest $(if $(KERNELS_PAGE),--write $(KERNELS_PAGE)) $(ARGS))

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

lint: install-lint ## Check formats, lints, imports and prose; compile the C for arm64 too
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(CARGO_FLAGS) -- -D warnings
	cargo clippy --package execsnoop --no-default-features --all-targets $(CARGO_FLAGS) -- -D warnings
	cargo xtask check-imports
	cargo xtask check-prose
	scripts/check-c-format $(C_FILES)
	shellcheck .ci/run $(filter-out %.py,$(wildcard scripts/*)) xtask/src/kernels/init.sh
	scripts/check-bpf $(CLANG)

clean: ## Remove everything that was built
	cargo clean

help: ## List these targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

install-build:
	@$(INSTALL) build

install-test:
	@$(INSTALL) build test

install-lint:
	@$(INSTALL) build lint

install-vmlinux:
	@$(INSTALL) vmlinux

# If a package is missing, this says which, and the kernels are skipped.
install-kernels:
	@$(INSTALL) build dist kernels || true

install-newest-clang:
	@$(INSTALL) newest-clang || true

# Says which of the other tracers are missing; they are left out.
install-bench:
	@$(INSTALL) build bench

install-dist:
	@$(INSTALL) build dist
