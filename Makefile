# Knotmeter: the front door. Meson builds (meson.build); these are the commands
# that people type. Everything lands in build*/ folders.
# SPDX-License-Identifier: Apache-2.0

BUILD        ?= build
PREFIX       ?= /usr/local
FUZZ_SECONDS ?= 60
MESON         = meson setup

.PHONY: all demo test check asan tsan thorough fuzz bench install deb clean packages

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

packages:
	@tools/install_packages.sh

$(BUILD)/build.ninja: | packages
	@$(MESON) $(BUILD) >/dev/null

build-asan/build.ninja: | packages
	@CC=clang $(MESON) build-asan -Db_sanitize=address,undefined \
	    -Db_lundef=false --buildtype=debugoptimized >/dev/null

build-tsan/build.ninja: | packages
	@CC=clang $(MESON) build-tsan -Db_sanitize=thread \
	    -Db_lundef=false >/dev/null

build-fuzz/build.ninja: | packages
	@CC=clang $(MESON) build-fuzz -Dfuzzers=true \
	    -Db_sanitize=address,undefined -Db_lundef=false >/dev/null

build-bench/build.ninja: | packages
	@$(MESON) build-bench --buildtype=release -Db_ndebug=false >/dev/null

# Trains two small language models for real, imports what they logged, reports.
demo: $(BUILD)/build.ninja
	@ninja -C $(BUILD) km examples/tinylm
	@tools/demo.sh

# Every test under gcc; unit, conformance and fuzz seeds again under clang with
# ASan and UBSan; the threaded ones under TSan. Last line: N passed, N failed.
test: all build-asan/build.ninja build-tsan/build.ninja
	@ninja -C build-asan
	@ninja -C build-tsan
	@python3 tools/run_tests.py $(BUILD) \
	    build-asan:unit,conformance,fuzz build-tsan:threads,conformance

# The quick half: unit tests of the working tree.
check: all
	@python3 tools/run_tests.py $(BUILD):unit,house

asan: build-asan/build.ninja
	@ninja -C build-asan
	@python3 tools/run_tests.py build-asan

tsan: build-tsan/build.ninja
	@ninja -C build-tsan
	@python3 tools/run_tests.py build-tsan:threads

# Every fault of the store at every place, 200 kills each of importer,
# logger, shipper and server, 500 replies that are lost.
thorough: all
	@meson test -C $(BUILD) --setup thorough --suite crash --suite conformance
	@KM=$(BUILD)/km python3 tests/crash/kill_importer.py 200
	@KM_THOROUGH=1 KM=$(BUILD)/km python3 tests/e2e/test_sync.py
	@KM_THOROUGH=1 KM=$(BUILD)/km python3 tests/e2e/test_live.py
	@KM=$(BUILD)/km KM_THOROUGH=1 python3 tests/python/test_shapes.py

fuzz: build-fuzz/build.ninja
	@ninja -C build-fuzz
	@python3 tools/fuzz.py build-fuzz $(FUZZ_SECONDS)

bench: build-bench/build.ninja
	@ninja -C build-bench bench-all
	@python3 tools/bench.py build-bench

install: all
	@meson configure $(BUILD) --prefix=$(PREFIX)
	@meson install -C $(BUILD)

deb: all
	@packaging/deb.sh $(BUILD)

clean:
	@rm -rf build build-asan build-tsan build-fuzz build-bench demo-out
