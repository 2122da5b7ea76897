#!/usr/bin/env python3
"""bench_large_import.py - a large event file in little memory.

    bench_large_import.py BUILD [GB] [MAX_RSS_MB]

Generates one seeded TF1 event file of GB * 10^9 bytes (default 10) in TMPDIR,
imports it into a new store and prints time, speed and the largest resident set
of the importer; then imports it again, which must find nothing new. Exit status
1 when the resident set exceeds MAX_RSS_MB (default 100) or points are missing.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys
import tempfile
import time

BYTES_PER_EVENT = 53.9  # of the generator's files, at this size


def run(command):
    """(wall s, processor s, largest resident set in MB)."""
    start = time.time()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command[0]} ended with {child.returncode}")
    return (time.time() - start, usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024)


def main():
    """Prints three lines."""
    build = sys.argv[1]
    size = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    limit = float(sys.argv[3]) if len(sys.argv) > 3 else 100.0
    events = int(size * 1e9 / BYTES_PER_EVENT)
    km = os.path.join(build, "km")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "events.out.tfevents.1700000000.x")
        store = os.path.join(folder, "store")
        wall, _, _ = run([os.path.join(build, "bench", "gen_tfevents"), path,
                          str(events), "1", "50", "1"])
        real = os.path.getsize(path)
        print(f"generated {real / 1e9:.2f} GB, {events:,} events, "
              f"in {wall:.0f} s", flush=True)
        wall, cpu, rss = run([km, "import", path, "--store", store, "--quiet"])
        print(f"imported in {wall:.0f} s ({cpu:.0f} s of processor, "
              f"{real / cpu / 1e6:.0f} MB/s), largest resident set "
              f"{rss:.0f} MB", flush=True)
        again, _, _ = run([km, "import", path, "--store", store, "--quiet"])
        out = subprocess.run([km, "metrics", "--store", store, "--json"],
                             check=True, capture_output=True, text=True).stdout
        points = sum(json.loads(line)["n"] for line in out.splitlines())
        disk = sum(os.path.getsize(os.path.join(at, name))
                   for at, _, names in os.walk(store) for name in names)
        print(f"again in {again:.1f} s; {points:,} points, "
              f"{disk / max(points, 1):.2f} B each on disk")
    sys.exit(0 if rss <= limit and points == events else 1)


if __name__ == "__main__":
    main()
