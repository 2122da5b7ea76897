#!/usr/bin/env python3
"""bench_python.py - a log call from Python, beside other trackers.

    bench_python.py BUILD

The package is installed from python/ into BUILD/python-bench. Peers are those
found in BUILD/venv: TensorBoard's SummaryWriter stands there for `make bench`;
wandb (offline), mlflow (files) and trackio are put there when PyPI has them.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys

import lines

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
OURS = r"""
import json, os, sys, time, timeit
import knotmeter as km
run = km.init(dir=sys.argv[1], system=False, disk_bytes_max=8 << 30)
ten = {f"train/metric_{i}": 0.1 * i for i in range(10)}
def empty(name, value): pass
def each(call, count=20000, rounds=40):
    times = []
    for _ in range(rounds):
        times.append(timeit.timeit(call, number=count) / count * 1e9)
        time.sleep(0.02)  # the helper prepares the next segment
    return sorted(times)[rounds // 2]
out = {}
base = each(lambda: empty("loss", 1.0))
out["value"] = each(lambda: run.log("train/loss", 1.0)) - base
out["dict"] = each(lambda: run.log(ten), 5000)
before = run.overhead()["bytes"]
for step in range(1000): run.log(ten, step=step)
out["bytes"] = (run.overhead()["bytes"] - before) / 10000
out["dropped"] = run.overhead()["dropped"]
twenty = {f"train/metric_{i}": 0.1 * i for i in range(20)}
def loop(log):  # steps of 1 ms of work: the time that logging adds to each
    spent = 0
    for step in range(2000):
        end = time.perf_counter_ns() + 1_000_000
        while time.perf_counter_ns() < end: pass
        start = time.perf_counter_ns()
        if log: run.log(twenty, step=step)
        spent += time.perf_counter_ns() - start
    return spent / 2000
out["slower"] = (loop(True) - loop(False)) / 1e6 * 100
run.finish()
print(json.dumps(out))
"""
PEERS = {
    "TensorBoard SummaryWriter": ("tensorboard", 200, r"""
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
writer = EventFileWriter("tb")
def log(step):
    for name, value in ten.items():
        writer.add_event(Event(step=step, wall_time=time.time(),
            summary=Summary(value=[Summary.Value(tag=name, simple_value=value)])))
end = writer.close
"""),
    "wandb offline": ("wandb", 200, r"""
import wandb
run = wandb.init(mode="offline", dir=".", settings=wandb.Settings(silent=True))
def log(step): run.log(ten, step=step)
end = run.finish
"""),
    "mlflow file store": ("mlflow", 30, r"""
import mlflow
mlflow.set_tracking_uri("file:./mlruns"); mlflow.start_run()
def log(step): mlflow.log_metrics(ten, step=step)
end = mlflow.end_run
"""),
    "trackio": ("trackio", 200, r"""
import trackio
trackio.init(project="bench")
def log(step): trackio.log(ten, step=step)
end = trackio.finish
"""),
}
AROUND = r"""
import os, sys, time
os.chdir(sys.argv[1])
ten = {f"train/metric_{i}": 0.1 * i for i in range(10)}
%s
taken = []
for step in range(%d):
    start = time.perf_counter_ns(); log(step)
    taken.append(time.perf_counter_ns() - start)
end()
size = sum(os.path.getsize(os.path.join(t, n)) for t, _, ns in os.walk(".")
           for n in ns)
print("RESULT", sorted(taken)[len(taken) // 2], size / len(taken) / 10)
"""


def install(build):
    """The interpreter with our package; None and a word on why not."""
    venv = os.path.join(build, "python-bench")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    python = os.path.join(venv, "bin", "python")
    try:
        subprocess.run([sys.executable, "-m", "venv", venv], check=True,
                       timeout=120, **quiet)
        subprocess.run([python, "-m", "pip", "install", "--no-deps",
                        "--force-reinstall", os.path.join(TOP, "python")],
                       check=True, timeout=300, **quiet)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"# the package cannot be installed: {error}")
        return None
    return python


def peer(python, module, count, code):
    """(ns a call of ten values, bytes a value), or None."""
    if not python:
        return None
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        if subprocess.run([python, "-c", f"import {module}"], check=False,
                          timeout=120, **quiet).returncode:
            subprocess.run([python, "-m", "pip", "install", "-q", module],
                           check=True, timeout=300, **quiet)
        with lines.folder() as top:
            done = subprocess.run(
                [python, "-c", AROUND % (code, count), top], check=True,
                timeout=120, capture_output=True, text=True,
                env={**os.environ, "HOME": top, "TRACKIO_DIR": top,
                     "MLFLOW_ALLOW_FILE_STORE": "true"})
        row = done.stdout.split("RESULT", 1)[1].split()
        return float(row[0]), float(row[1])
    except (OSError, IndexError, subprocess.SubprocessError):
        return None


def main():
    """The goals, then a line for each peer."""
    python = install(sys.argv[1])
    if not python:
        return
    with lines.folder() as top:
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("KNOTMETER_")}
        out = json.loads(subprocess.run(
            [python, "-c", OURS, top], check=True, capture_output=True,
            text=True, env=env).stdout)
    lines.say("Python log(name, value) above an empty call", out["value"],
              "ns", 100)
    lines.say("Python log(dict of 10)", out["dict"], "ns", 250)
    lines.say("Python, 1 ms steps logging 20 metrics, slower by",
              out["slower"], "%", 0.1)
    if out["dropped"]:
        print(f"# {out['dropped']} points dropped in the tight loop")
    for name, (module, count, code) in PEERS.items():
        found = peer(lines.venv_python(sys.argv[1]), module, count, code)
        if not found:
            print(f"# {name} is not there: left out")
            continue
        lines.say(f"Python log(dict of 10) beside {module}", out["dict"], "ns",
                  peer=name, peer_value=found[0])
        lines.say(f"bytes a value beside {module}", out["bytes"], "B",
                  peer=name, peer_value=found[1])


if __name__ == "__main__":
    main()
