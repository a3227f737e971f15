# The only entry people need: `make` lists the targets. Everything that is set up is
# set up inside this folder (.venv, .julia, target, out); only `install` writes elsewhere.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
# The steps share cargo's build folder and some measure time: one after the other.
.NOTPARALLEL:

VERSION := $(shell sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml | head -n 1)
MAJOR := $(firstword $(subst ., ,$(VERSION)))
TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DESTDIR ?=

# Input of `make run`; handed on through the environment, so any file name will do.
export BID ASK BID2 ASK2 SYMBOL TIMEFRAME

# A build of its own whose answers can be falsified; the bindings' tests load it to
# prove that what they return really comes from the library. Never the release build.
FAULTY_DIR := $(TARGET_DIR)/fault-injection
export OMEGA_FAULT_LIBRARY := $(abspath $(FAULTY_DIR))/debug/libomega_slicer.so

# Programs that people must bring along, each named with how to get it.
define need
@command -v $(1) >/dev/null 2>&1 || { echo "make: $(1) is missing; get it with: $(2)" >&2; exit 1; }
endef
NEED_CARGO = $(call need,cargo,curl https://sh.rustup.rs -sSf | sh    (https://rustup.rs))
NEED_FMT = $(call need,cargo-fmt,rustup component add rustfmt)
NEED_CLIPPY = $(call need,cargo-clippy,rustup component add clippy)
NEED_CC = $(call need,$(firstword $(CC)),apt-get install gcc libc6-dev)
# Programs that widen a check, but that it can do without: $(call note,program,package,what is lost).
define note
@command -v $(1) >/dev/null 2>&1 || echo "make: $(1) is missing, so $(3); get it with: apt-get install $(2)" >&2
endef
NEED_PYTHON = $(call need,$(or $(PYTHON),python3),apt-get install python3 python3-venv)
NEED_NIGHTLY = @cargo +nightly --version >/dev/null 2>&1 || { \
	echo "make: nightly Rust is missing; get it with: rustup toolchain install nightly --profile minimal" >&2; exit 1; }
NEED_FUZZ = $(call need,cargo-fuzz,cargo install cargo-fuzz --locked)
PYTHON_FOLDERS = $(wildcard python examples benches tests tools)

.PHONY: help setup setup-python setup-julia build build-faulty run test check bench bench-kernels \
	baseline bench-compare drill install clean distclean lint header test-rust test-c test-julia test-python \
	test-examples test-readme check-rust check-install fuzz fuzz-smoke

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  make run BID=bid.csv ASK=ask.csv [SYMBOL=...] [TIMEFRAME=...]    the backtests on files of yours"
	@echo "           [BID2=bid.csv ASK2=ask.csv SYMBOL=A,B]                  and on a second symbol"
	@echo "  make install PREFIX=/usr [DESTDIR=...] [LIBDIR=...]              where the C library goes"

setup: setup-python setup-julia ## set up .venv and Julia inside this folder

setup-python:
	$(NEED_PYTHON)
	@tools/setup_python.sh >/dev/null

setup-julia:
	@tools/setup_julia.sh >/dev/null

build: ## build the native library (shared, static) and its header
	$(NEED_CARGO)
	$(NEED_CC)
	cargo build --release --locked
	@# What a program linked against the checkout looks for.
	@ln -sf libomega_slicer.so "$(TARGET_DIR)/release/libomega_slicer.so.$(MAJOR)"
	@# What the bindings compare the library with before they load it; without Python they do without.
	@! command -v python3 >/dev/null 2>&1 || python3 tools/write_manifest.py "$(TARGET_DIR)/release/libomega_slicer.so"

build-faulty:
	$(NEED_CARGO)
	cargo build --locked --features fault-injection --target-dir "$(FAULTY_DIR)"

run: build setup-python ## run the same two backtests in four languages and compare them
	@.venv/bin/python examples/run.py \
		$(if $(BID),--bid "$$BID") $(if $(ASK),--ask "$$ASK") \
		$(if $(BID2),--bid2 "$$BID2") $(if $(ASK2),--ask2 "$$ASK2") \
		$(if $(SYMBOL),--symbol "$$SYMBOL") $(if $(TIMEFRAME),--timeframe "$$TIMEFRAME")

test: header lint test-rust test-c test-julia test-python test-examples test-readme ## run every test and lint
	@echo "make test: everything passed"

check: test check-rust check-install fuzz-smoke ## run the tests and the longer checks

drill: build build-faulty setup-python ## put in every fault that the guard is there for, in both languages
	PYTHONPATH=python/src .venv/bin/python -m omega_slicer drill
	@julia=$$(tools/setup_julia.sh) && set -x && \
	"$$julia" --project=julia -e 'using OmegaJulia; exit(all(one -> one.ok, drill()) ? 0 : 1)'

bench: build setup-python ## measure, beside what a user would pick instead
	@julia=$$(tools/setup_julia.sh) && python=$$(tools/setup_python.sh) && \
	JULIA=$$julia "$$python" benches/run.py

bench-kernels: build setup-python ## measure the lookback kernels alone, beside their peers
	@julia=$$(tools/setup_julia.sh) && python=$$(tools/setup_python.sh) && \
	JULIA=$$julia "$$python" benches/run.py --only kernels

baseline: build setup-python ## record how fast this machine is, for bench-compare (an idle one)
	@julia=$$(tools/setup_julia.sh) && set -x && \
	JULIA="$$julia" PYTHONPATH=benches:python/src .venv/bin/python benches/baseline.py record

bench-compare: build setup-python ## as fast as recorded? 1 if slower by more than 10 %, 2 without a baseline
	@julia=$$(tools/setup_julia.sh) && \
	JULIA="$$julia" PYTHONPATH=benches:python/src .venv/bin/python benches/baseline.py compare

header: ## check that include/omega_slicer.h is what the sources say
	$(NEED_CARGO)
	@tools/check_header.sh

lint: setup-python ## rustfmt, clippy, ruff and mypy
	$(NEED_FMT)
	$(NEED_CLIPPY)
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings -W clippy::pedantic
	.venv/bin/ruff check --config python/pyproject.toml $(PYTHON_FOLDERS)
	.venv/bin/ruff format --check --config python/pyproject.toml $(PYTHON_FOLDERS)
	.venv/bin/mypy --strict --config-file python/pyproject.toml python/src
	MYPYPATH=python/src .venv/bin/mypy --strict --config-file python/pyproject.toml \
		examples/run.py examples/harness examples/python/backtest.py examples/python/trend.py

test-rust: ## the Rust tests
	$(NEED_CARGO)
	cargo test --locked

test-c: build build-faulty setup-python ## the C ABI from C11 and C++17, under Valgrind where installed
	$(call note,$(firstword $(CXX)),g++,the C++17 half of the C tests is not run)
	$(call note,valgrind,valgrind,the C tests are not run under Valgrind)
	tests/c/run.sh

test-julia: build build-faulty ## the Julia package's tests
	@julia=$$(tools/setup_julia.sh) && set -x && \
	"$$julia" --project=julia julia/test/runtests.jl

test-python: build build-faulty setup-python ## the tests of the Python package, and of what judges the benches
	PYTHONPATH=python/src .venv/bin/python -m pytest python/tests
	PYTHONPATH=benches:python/src .venv/bin/python -m pytest -c python/pyproject.toml --rootdir . benches/tests

test-examples: build setup-python ## the backtests' fingerprints on small generated series
	.venv/bin/python examples/run.py --check

test-readme: build setup-python ## the programs in the README
	@julia=$$(tools/setup_julia.sh) && set -x && \
	.venv/bin/python tests/readme.py "$$julia" $(firstword $(CC))

# More random cases, optimised code, fewer features, the documentation.
check-rust:
	PROPTEST_CASES=4096 cargo test --release --locked
	cargo clippy --locked --no-default-features -- -D warnings -W clippy::pedantic
	cargo test --locked --no-default-features --features csv --test abi --test without_arrow
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps

fuzz-smoke: ## fuzz each target for 20 seconds, under AddressSanitizer
	$(NEED_CARGO)
	$(NEED_NIGHTLY)
	$(NEED_FUZZ)
	$(NEED_PYTHON)
	$(or $(PYTHON),python3) tests/fuzz/run.py --seconds 20

# FUZZ_TARGETS names some of them; the record goes to tests/fuzz/runs.tsv and docs/fuzzing.md.
FUZZ_SECONDS ?= 1800
fuzz: ## fuzz each target for FUZZ_SECONDS and keep the record
	$(NEED_CARGO)
	$(NEED_NIGHTLY)
	$(NEED_FUZZ)
	$(NEED_PYTHON)
	$(or $(PYTHON),python3) tests/fuzz/run.py --seconds $(FUZZ_SECONDS) --record $(FUZZ_TARGETS)

check-install: build
	@tools/check_install.sh

install: ## install the C library, header and pkg-config file
	@if command -v cargo >/dev/null 2>&1; then $(MAKE) build; else \
		test -f "$(TARGET_DIR)/release/libomega_slicer.so" || $(MAKE) build; fi
	install -d "$(DESTDIR)$(LIBDIR)/pkgconfig" "$(DESTDIR)$(INCLUDEDIR)"
	install -m 755 "$(TARGET_DIR)/release/libomega_slicer.so" "$(DESTDIR)$(LIBDIR)/libomega_slicer.so.$(VERSION)"
	ln -sf libomega_slicer.so.$(VERSION) "$(DESTDIR)$(LIBDIR)/libomega_slicer.so.$(MAJOR)"
	ln -sf libomega_slicer.so.$(MAJOR) "$(DESTDIR)$(LIBDIR)/libomega_slicer.so"
	@# The installed file has another name; size and hash stay.
	@test ! -f "$(TARGET_DIR)/release/libomega_slicer.so.manifest" || \
		install -m 644 "$(TARGET_DIR)/release/libomega_slicer.so.manifest" \
		"$(DESTDIR)$(LIBDIR)/libomega_slicer.so.$(VERSION).manifest"
	install -m 644 "$(TARGET_DIR)/release/libomega_slicer.a" "$(DESTDIR)$(LIBDIR)/libomega_slicer.a"
	install -m 644 include/omega_slicer.h "$(DESTDIR)$(INCLUDEDIR)/omega_slicer.h"
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
		-e 's|@LIBDIR@|$(subst $(PREFIX)/,$${prefix}/,$(LIBDIR))|' \
		-e 's|@INCLUDEDIR@|$(subst $(PREFIX)/,$${prefix}/,$(INCLUDEDIR))|' \
		tools/omega_slicer.pc.in >"$(DESTDIR)$(LIBDIR)/pkgconfig/omega_slicer.pc"
	chmod 644 "$(DESTDIR)$(LIBDIR)/pkgconfig/omega_slicer.pc"

clean: ## remove what was built and computed, but keep .venv and .julia
	rm -rf "$(TARGET_DIR)" out
	rm -rf tests/fuzz/target tests/fuzz/corpus tests/fuzz/artifacts tests/fuzz/logs
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find $(PYTHON_FOLDERS) -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv and .julia, too
	rm -rf .venv .julia
