#!/usr/bin/env python3
"""bench_journal.py - journal import and durable commit, in points a second.

    bench_journal.py BUILD

Writes a journal of noise in single precision by bench_log, imports it with km
into a new store, prints JSON lines for bench.py.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

POINTS = 5_000_000


def folder_bytes(path):
    """Of all files below."""
    return sum(os.path.getsize(os.path.join(top, name))
               for top, _, names in os.walk(path) for name in names)


def main():
    """Best of three."""
    build = sys.argv[1]
    km = os.path.join(build, "km")
    fill = os.path.join(build, "bench", "bench_log")
    if not os.path.exists(km):
        return
    best = None
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp"),
                                     prefix="km-bench-") as top:
        journal = os.path.join(top, "journal")
        subprocess.run([fill, "--fill", journal, str(POINTS)], check=True)
        for _ in range(3):
            store = os.path.join(top, "store")
            shutil.rmtree(store, ignore_errors=True)
            start = time.monotonic()
            subprocess.run([km, "--store", store, "import", "--quiet", journal],
                           check=True, stdout=subprocess.DEVNULL)
            took = time.monotonic() - start
            best = min(best or took, took)
        stored = folder_bytes(store)
    print(json.dumps({"name": "journal import and commit",
                      "value": POINTS / best / 1e6, "unit": "M points/s",
                      "better": "higher", "goal": 5}))
    print(json.dumps({"name": "store of single-precision noise",
                      "value": stored / POINTS, "unit": "B/point",
                      "better": "lower", "goal": 4}))


if __name__ == "__main__":
    main()
