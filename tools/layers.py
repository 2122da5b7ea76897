#!/usr/bin/env python3
"""layers.py - the floors are one-way: a file includes its own or lower ones.

    layers.py [ROOT]

Reads every #include "floor/..." of src/, client/ and include/ and holds it
against FLOORS. Prints TAP; proves first that it bites.
"""
# SPDX-License-Identifier: Apache-2.0
import os
import re
import sys

# What each floor may include besides itself. Higher floors may use what the
# floors that they name may use.
FLOORS = {
    "base": [],
    "model": ["base"],
    "journal": ["base", "model"],
    "source": ["model", "journal"],
    "store": ["model"],
    "ingest": ["source", "store"],
    "tracking": ["ingest"],
    "series": ["store"],
    "measure": ["base", "model"],
    "score": ["series", "measure"],
    "watch": ["score"],
    "report": ["score"],
    "http": ["score", "watch", "report", "ingest", "tracking"],
    "launch": ["source"],
    "ship": ["journal"],
    "cli": ["ingest", "score", "report", "watch", "http", "launch", "ship"],
    "main": ["cli"],
}
# The client library: the journal's encoder and libc, nothing else.
OUTSIDE = {"client": ["journal"], "include": [],
           "python": ["base", "journal", "client"]}  # the client's sources
CLIENT_FREE = {"journal"}  # client may not pull in base or model through it
INCLUDE = re.compile(r'^\s*#\s*include\s+"([a-z_]+)/([^"]+)"')


def allowed(floor):
    """All floors that `floor` may include, itself among them."""
    seen, todo = set(), [floor]
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo += FLOORS.get(at, [])
    return seen


def violations(files):
    """Sentences about includes that go up. `files`: (path, text) pairs."""
    out = []
    for path, text in files:
        parts = path.split("/")
        floor = parts[1] if parts[0] == "src" else parts[0]
        may = (set(OUTSIDE[floor]) | {floor} if floor in OUTSIDE
               else allowed(floor))
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if match and match.group(1) in {**FLOORS, **OUTSIDE}:
                if match.group(1) not in may:
                    out.append(f"{path}:{number}: {floor} must not include "
                               f"{match.group(1)}/{match.group(2)}")
    return out


def sources(root):
    """(path, text) of every C file of the program and the client."""
    for top in ("src", "client", "include", "python/src"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    full = os.path.join(folder, name)
                    with open(full, encoding="utf-8") as file:
                        yield os.path.relpath(full, root), file.read()


def main():
    """Prints two TAP lines."""
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    bites = violations([("src/base/x.c", '#include "store/store.h"\n'),
                        ("src/measure/x.c", '#include "store/store.h"\n')])
    print("ok 1 - the layer check bites" if len(bites) == 2 else
          "not ok 1 - the layer check bites")
    found = violations(sources(root))
    for sentence in found:
        print(f"# {sentence}")
    print(("not " if found else "") + "ok 2 - no floor includes a higher one")
    print("1..2")
    sys.exit(1 if found or len(bites) != 2 else 0)


if __name__ == "__main__":
    main()
