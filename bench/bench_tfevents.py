#!/usr/bin/env python3
"""bench_tfevents.py - event files: this program beside TensorBoard's readers.

    bench_tfevents.py BUILD [EVENTS]

Generates the same seeded files for all, TF1 and TF2, and reads each in turns
with the source alone, `km import` (decoded, committed, durable), and, where
BUILD/venv has them, TensorBoard's Rust data server with checksums and its
Python loader. Speeds are by processor time of the process and its children:
of one core. Medians of three rounds, one of the Python loader, which is slow.
"""
# SPDX-License-Identifier: Apache-2.0
import os
import re
import signal
import subprocess
import sys

import lines

ROUNDS = 3
LOADER = """
import sys, time
from tensorboard.backend.event_processing import event_file_loader
start = time.process_time()
count = sum(1 for _ in event_file_loader.EventFileLoader(sys.argv[1]).Load())
print(time.process_time() - start)
"""
BINARY = "import tensorboard_data_server as t; print(t.server_binary())"


def source_alone(build, path):
    """Decoding alone, in memory."""
    out = subprocess.run([os.path.join(build, "bench", "read_tfevents"), path,
                          "5"], check=True, capture_output=True, text=True)
    return float(out.stdout)


def km_import(build, path):
    """A whole import into a new store."""
    with lines.folder() as store:
        return lines.run([os.path.join(build, "km"), "import", path, "--store",
                          os.path.join(store, "s"), "--quiet"])[1]


def python_loader(build, path):
    """TensorBoard's Python reader: every event parsed, once."""
    out = subprocess.run([lines.venv_python(build), "-c", LOADER, path],
                         check=True, capture_output=True, text=True)
    return float(out.stdout.splitlines()[-1])


def rust_server(build, path):
    """TensorBoard's data server: the processor time of the whole process until
    it says that its first load is done."""
    binary = subprocess.run([lines.venv_python(build), "-c", BINARY],
                            check=True, capture_output=True,
                            text=True).stdout.strip()
    with subprocess.Popen([binary, "--logdir", os.path.dirname(path), "--port",
                           "0", "--reload", "once", "-v", "--checksum"],
                          stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          text=True) as server:
        done = any(re.search(r"finished load", line, re.I)
                   for line in server.stderr)
        with open(f"/proc/{server.pid}/stat", encoding="ascii") as file:
            ticks = file.read().rsplit(")", 1)[1].split()[11:13]
        server.send_signal(signal.SIGTERM)
    if not done:
        raise RuntimeError("the data server did not report a load")
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def bench(build, kind, events):
    """Lines of one kind of file."""
    readers = {"source": source_alone, "km": km_import}
    if lines.venv_python(build):
        readers.update(python=python_loader, rust=rust_server)
    times = {name: [] for name in readers}
    with lines.folder() as top:
        path = os.path.join(top, "events.out.tfevents.1700000000.x")
        lines.run([os.path.join(build, "bench", "gen_tfevents"), path,
                   str(events), kind, "10", "1"])
        size = os.path.getsize(path) / 1e6
        for turn in range(ROUNDS):
            for name, read in readers.items():
                if turn == 0 or name != "python":
                    times[name].append(read(build, path))
    speed = {name: size / max(lines.median(taken), 1e-9)
             for name, taken in times.items()}
    rust = {"peer": "TensorBoard Rust data server",
            "peer_value": speed["rust"]} if "rust" in speed else {}
    for whose, what in (("source", "source alone"), ("km", "km import")):
        name = f"TF{kind} events, {what}"
        lines.say(f"{name}, a core", speed[whose], "MB/s",
                  500 if whose == "source" else None, True, **rust)
        if "python" in speed:
            lines.say(f"{name}, over the Python loader",
                      speed[whose] / speed["python"], "x", 20, True)
    if "python" in speed:
        lines.say(f"TF{kind} events, TensorBoard's Python loader",
                  speed["python"], "MB/s", None, True)


def main():
    """Both kinds."""
    events = int(sys.argv[2]) if len(sys.argv) > 2 else 400000
    if not lines.venv_python(sys.argv[1]):
        print("# no TensorBoard in the bench folder's venv: no peers")
    for kind in ("1", "2"):
        bench(sys.argv[1], kind, events)


if __name__ == "__main__":
    main()
