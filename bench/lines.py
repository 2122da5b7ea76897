"""lines.py - what the benchmarks in Python share: lines, medians, processes."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import statistics
import subprocess
import tempfile
import time

median = statistics.median


def say(name, value, unit, goal=None, higher=False, peer=None,
        peer_value=None):
    """One line for tools/bench.py."""
    line = {"name": name, "value": value, "unit": unit,
            "better": "higher" if higher else "lower"}
    if goal is not None:
        line["goal"] = goal
    if peer is not None:
        line.update(peer=peer, peer_value=peer_value)
    print(json.dumps(line), flush=True)


def run(command):
    """(wall s, processor s, largest resident set in MB) of a command."""
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command[0]} ended with {child.returncode}")
    return (time.monotonic() - start, usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024)


def folder():
    """A temporary folder on a disk, not in memory."""
    return tempfile.TemporaryDirectory(
        dir=os.environ.get("TMPDIR") or "/var/tmp", prefix="km-bench-")


def folder_bytes(path):
    """Of all files below."""
    return sum(os.path.getsize(os.path.join(top, name))
               for top, _, names in os.walk(path) for name in names)


def venv_python(build):
    """The interpreter of BUILD/venv where TensorBoard is installed in it."""
    if os.path.exists(os.path.join(build, "venv", "bin", "tensorboard")):
        return os.path.join(build, "venv", "bin", "python")
    return None
