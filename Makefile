# Thin targets; the work is in CMake, config/deps.sh and tests/run.sh.
# Variables: STATE (state folder), CONFIG (configuration folder), ARGS (more for `vedette up`),
# JOBS (compilers at once), SECONDS_EACH (of each fuzz target).
JOBS ?= $(shell nproc)
STATE ?=
CONFIG ?=
ARGS ?=
export JOBS SECONDS_EACH

.PHONY: help run build test test-fast soak bench bench-detect bench-cameras fuzz format clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 16

run: build ## install what is missing, build, and start it all (Ctrl-C stops it)
	@exec build/release/bin/vedette up $(if $(STATE),--state "$(STATE)") $(if $(CONFIG),--config "$(CONFIG)") $(ARGS)

build: ## the optimised programs, in build/release/bin
	@config/deps.sh run
	@tests/run.sh build release programs

test: ## everything that must pass: gcc, sanitizers, clang, real processes
	@config/deps.sh run test
	@tests/run.sh test

test-fast: ## unit tests and lint only: no servers, under a minute once built
	@config/deps.sh run test
	@tests/run.sh fast

soak: ## the full counts of what `make test` runs a tenth of, and both commands on a bare root
	@config/deps.sh run test soak
	@tests/run.sh soak

bench: ## prints figures, judges nothing
	@config/deps.sh run test bench
	@tests/run.sh bench

bench-detect: ## the detector's figures only
	@config/deps.sh run test bench
	@tests/run.sh bench detect

bench-cameras: ## the figures of cameras and latency only
	@config/deps.sh run test bench
	@tests/run.sh bench cameras latency

fuzz: ## each fuzz target for SECONDS_EACH seconds (60)
	@config/deps.sh run test
	@tests/run.sh fuzz

format: ## clang-format over every C file
	@git ls-files -co --exclude-standard -- '*.c' '*.h' | xargs clang-format-14 -i

clean: ## the build folders (never a state folder)
	@rm -rf build
