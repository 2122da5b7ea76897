#!/usr/bin/env python3
"""bench_journal.py - journal import and durable commit, in points a second.

    bench_journal.py BUILD

Writes a journal of noise in single precision by bench_log, imports it with km
into a new store and holds the time against writing and syncing as many bytes
as the store takes. Medians of five rounds.
"""
# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import sys
import time

import lines

POINTS = 5_000_000
ROUNDS = 5


def bare_write(path, size):
    """Seconds to write and sync so many bytes in pieces of 1 MiB."""
    piece = os.urandom(1 << 20)
    start = time.monotonic()
    with open(path, "wb", buffering=0) as file:
        for _ in range(-(-size // len(piece))):
            file.write(piece)
        os.fdatasync(file.fileno())
    took = time.monotonic() - start
    os.remove(path)
    return took


def main():
    """Prints three lines."""
    build = sys.argv[1]
    km = os.path.join(build, "km")
    walls, cpus, bare = [], [], []
    with lines.folder() as top:
        journal = os.path.join(top, "journal")
        store = os.path.join(top, "store")
        lines.run([os.path.join(build, "bench", "bench_log"), "--fill",
                   journal, str(POINTS)])
        for _ in range(ROUNDS):
            shutil.rmtree(store, ignore_errors=True)
            wall, cpu, _ = lines.run([km, "--store", store, "import",
                                      "--quiet", journal])
            walls.append(wall)
            cpus.append(cpu)
            bare.append(bare_write(os.path.join(top, "bare"),
                                   lines.folder_bytes(store)))
        stored = lines.folder_bytes(store)
    speed = POINTS / 1e6
    lines.say("journal import and commit, durable", speed / lines.median(walls),
              "M points/s", 5, True, "write and sync of as many bytes",
              speed / lines.median(bare))
    lines.say("journal import, processor time",
              lines.median(cpus) / POINTS * 1e9, "ns/point", 200)
    lines.say("store of an imported journal, all files", stored / POINTS,
              "B/point", 4)


if __name__ == "__main__":
    main()
