#!/usr/bin/env python3
"""bench_large_import.py - a large event file in little memory.

    bench_large_import.py BUILD [GB]

Generates one seeded TF1 event file of GB * 10^9 bytes (else KM_BENCH_LARGE_GB,
else 1), imports it into a new store, then again, which must find nothing new.
Exit status 1 when points are missing or the resident set exceeds its goal.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys

import lines

BYTES_PER_EVENT = 53.9  # of the generator's files, at this size
RSS_MB = 100


def main():
    """Prints four lines."""
    build = sys.argv[1]
    size = float(sys.argv[2] if len(sys.argv) > 2
                 else os.environ.get("KM_BENCH_LARGE_GB", "1"))
    events = int(size * 1e9 / BYTES_PER_EVENT)
    km = os.path.join(build, "km")
    with lines.folder() as top:
        path = os.path.join(top, "events.out.tfevents.1700000000.x")
        store = os.path.join(top, "store")
        lines.run([os.path.join(build, "bench", "gen_tfevents"), path,
                   str(events), "1", "50", "1"])
        real = os.path.getsize(path)
        command = [km, "import", path, "--store", store, "--quiet"]
        wall, cpu, rss = lines.run(command)
        again, _, _ = lines.run(command)
        out = subprocess.run([km, "metrics", "--store", store, "--json"],
                             check=True, capture_output=True, text=True).stdout
        points = sum(json.loads(line)["n"] for line in out.splitlines())
        disk = lines.folder_bytes(store)
    name = f"import of {real / 1e9:.3g} GB of events"
    lines.say(f"{name}, largest resident set", rss, "MB", RSS_MB)
    lines.say(f"{name}, speed by wall clock", real / wall / 1e6, "MB/s",
              higher=True)
    lines.say(f"{name}, speed by processor time", real / cpu / 1e6, "MB/s",
              higher=True)
    lines.say(f"{name}, nothing new the second time", again, "s")
    lines.say(f"{name}, store", disk / max(points, 1), "B/point")
    if points != events:
        print(f"{points} points of {events} arrived", file=sys.stderr)
    sys.exit(0 if rss <= RSS_MB and points == events else 1)


if __name__ == "__main__":
    main()
