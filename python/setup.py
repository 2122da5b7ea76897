"""setup.py - builds the extension from the sources of the client library.

In the project's tree they are copied from there into native/, which is also
what a source distribution carries: both build alike.
"""
# SPDX-License-Identifier: Apache-2.0
import glob
import os
import shutil

from setuptools import Extension, setup

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
NATIVE = os.path.join(HERE, "native")
WANTED = ["client/*.[ch]", "include/knotmeter.h", "src/journal/crc.[ch]",
          "src/journal/encode.c", "src/journal/journal.h", "src/base/str.[ch]",
          "src/base/err.h", "src/base/limits.h"]


def refresh() -> None:
    """Copies what changed; without the project's tree nothing does."""
    if not os.path.exists(os.path.join(TOP, "client", "client.h")):
        return
    shutil.rmtree(NATIVE, ignore_errors=True)
    for pattern in WANTED:
        for path in glob.glob(os.path.join(TOP, pattern)):
            to = os.path.join(NATIVE, os.path.relpath(path, TOP))
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copy2(path, to)


def here(pattern: str) -> "list[str]":
    """Files below this folder, named as setuptools wants them."""
    return sorted(os.path.relpath(p, HERE)
                  for p in glob.glob(os.path.join(HERE, pattern)))


def macros() -> "list[tuple[str, str | None]]":
    """Whether this client library ships by itself."""
    header = os.path.join(NATIVE, "include", "knotmeter.h")
    with open(header, encoding="utf-8") as file:
        ships = "const char *url;" in file.read()
    return [("NDEBUG", None)] + ([("KM_CLIENT_SHIPS", "1")] if ships else [])


os.chdir(HERE)
refresh()
setup(ext_modules=[Extension(
    "knotmeter._core",
    sources=here("src/*.c") + here("native/client/*.c")
    + here("native/src/*/*.c"),
    include_dirs=["src", "native/include", "native/src", "native/client"],
    depends=here("src/*.h") + here("native/**/*.h"),
    define_macros=macros(),
    libraries=["pthread"],
    extra_compile_args=["-std=gnu17", "-O2", "-fvisibility=hidden", "-Wall",
                        "-Wextra", "-Wno-missing-field-initializers",
                        "-Wno-cast-function-type"])])
