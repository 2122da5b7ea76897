#!/usr/bin/env python3
"""bench_tfevents.py - event files: this program beside TensorBoard's readers.

    bench_tfevents.py BUILD [EVENTS]

Generates the same seeded files for all, TF1 and TF2, and reads each folder in
one run with: the source alone, `km import` (decoded, committed, durable), the
TensorBoard Python loader and its Rust data server, where BUILD/venv has them
(pip install tensorboard tensorboard-data-server). Times are processor seconds
of the process and its children, and wall time in brackets; the best of three.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import platform
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time

LOADER = """
import json, sys, time
from tensorboard.backend.event_processing import event_file_loader
wall, cpu = time.perf_counter(), time.process_time()
count = sum(1 for _ in event_file_loader.EventFileLoader(sys.argv[1]).Load())
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall,
                  count]))
"""


def timed(command, **options):
    """(processor seconds, wall seconds) of a command."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    return (after.ru_utime - before.ru_utime + after.ru_stime
            - before.ru_stime, end - start)


def source_alone(build, path):
    """Processor seconds of decoding alone, best of five."""
    out = subprocess.run([os.path.join(build, "bench", "bench_tfevents"), path,
                          "5"], check=True, capture_output=True, text=True)
    speed = float(out.stdout.split()[1])
    seconds = os.path.getsize(path) / 1e6 / speed
    return seconds, seconds


def km_import(build, path):
    """A whole import into a new store."""
    best = None
    for _ in range(3):
        with tempfile.TemporaryDirectory() as store:
            took = timed([os.path.join(build, "km"), "import", path, "--store",
                          os.path.join(store, "s"), "--quiet"])
        best = min(best or took, took)
    return best


def python_loader(build, path):
    """TensorBoard's Python reader: every event parsed, once."""
    python = os.path.join(build, "venv", "bin", "python")
    out = subprocess.run([python, "-c", LOADER, path], check=True,
                         capture_output=True, text=True)
    cpu, wall, _ = json.loads(out.stdout.splitlines()[-1])
    return cpu, wall


def rust_server(build, path, *flags):
    """TensorBoard's data server: its first load cycle, by its own clock; the
    processor time is the whole process's."""
    python = os.path.join(build, "venv", "bin", "python")
    binary = subprocess.run(
        [python, "-c", "import tensorboard_data_server as t; "
         "print(t.server_binary())"], check=True, capture_output=True,
        text=True).stdout.strip()
    with subprocess.Popen([binary, "--logdir", os.path.dirname(path), "--port",
                           "0", "--reload", "once", "-v", *flags],
                          stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          text=True) as server:
        wall = None
        for line in server.stderr:
            found = re.search(r"[Ff]inished load.*?\(([\d.]+)(ms|s|µs)\)", line)
            if found:
                wall = float(found.group(1)) * {"s": 1, "ms": 1e-3,
                                                "µs": 1e-6}[found.group(2)]
                break
        with open(f"/proc/{server.pid}/stat", encoding="ascii") as file:
            ticks = file.read().rsplit(")", 1)[1].split()[11:13]
        server.send_signal(signal.SIGTERM)
    if wall is None:
        raise RuntimeError("the data server did not report a load")
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), wall


def peers(build):
    """Rows of the table: name, function, share of the events that it reads."""
    rows = [("source alone", source_alone), ("km import", km_import)]
    if os.path.exists(os.path.join(build, "venv", "bin", "tensorboard")):
        rows += [("Rust server --checksum",
                  lambda b, p: rust_server(b, p, "--checksum")),
                 ("Rust server", rust_server),
                 ("Python loader", python_loader)]
    else:
        print("# no TensorBoard in BUILD/venv: peers left out")
    return rows


def main():
    """Prints one table per kind of file."""
    build = sys.argv[1]
    events = int(sys.argv[2]) if len(sys.argv) > 2 else 400000
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], text=True,
                            capture_output=True, check=False).stdout.strip()
    cores = len(os.sched_getaffinity(0))
    print(f"# {platform.machine()}, {cores} cores, load "
          f"{os.getloadavg()[0]:.1f}, commit {commit}, seed 1")
    for kind in ("1", "2"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "events.out.tfevents.1700000000.x")
            subprocess.run([os.path.join(build, "bench", "gen_tfevents"), path,
                            str(events), kind, "10", "1"], check=True)
            size = os.path.getsize(path) / 1e6
            print(f"\nTF{kind}: {events:,} events, {size:.0f} MB\n"
                  f"{'reader':<24}{'cpu s':>9}{'(wall)':>9}{'MB/s':>9}"
                  f"{'ns/event':>10}{'ratio':>8}")
            base = None
            for name, read in peers(build):
                cpu, wall = read(build, path)
                base = base or cpu
                print(f"{name:<24}{cpu:>9.3f}{wall:>9.3f}{size / cpu:>9.1f}"
                      f"{cpu / events * 1e9:>10.0f}{cpu / base:>8.1f}",
                      flush=True)


if __name__ == "__main__":
    main()
