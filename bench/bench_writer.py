#!/usr/bin/env python3
"""bench_writer.py - a log call beside TensorBoard's event writer.

    bench_writer.py BUILD

The peer is what a SummaryWriter does for one scalar: it builds the event and
hands it to the queue of TensorBoard's EventFileWriter, in Python, from
BUILD/venv. Both are timed call by call in a tight loop.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys

import lines

PEER = """
import sys, time
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
writer = EventFileWriter(sys.argv[1])
taken = []
for step in range(50000):
    start = time.perf_counter_ns()
    summary = Summary(value=[Summary.Value(tag="loss", simple_value=step)])
    writer.add_event(Event(step=step, wall_time=time.time(), summary=summary))
    taken.append(time.perf_counter_ns() - start)
writer.close()
taken.sort()
print(taken[len(taken) // 2], taken[len(taken) * 999 // 1000])
"""


def main():
    """Two lines, or a word on why not."""
    python = lines.venv_python(sys.argv[1])
    if not python:
        print("# no TensorBoard in the bench folder's venv: no event writer")
        return
    with lines.folder() as top:
        out = subprocess.run([python, "-c", PEER, top], check=True,
                             capture_output=True, text=True).stdout
    peer = dict(zip(("p50", "p99.9"), map(float, out.split())))
    out = subprocess.run(
        [os.path.join(sys.argv[1], "bench", "bench_log"), "--tight"],
        check=True, capture_output=True, text=True).stdout
    for row in map(json.loads, out.splitlines()):
        word = row["name"].rsplit(", ", 1)[-1]
        if word in peer:
            lines.say(f"log call beside an event writer, {word}", row["value"],
                      "ns", peer="TensorBoard event writer, Python",
                      peer_value=peer[word])


if __name__ == "__main__":
    main()
