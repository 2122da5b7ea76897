#!/usr/bin/env python3
"""bench.py - runs every benchmark of a build folder and prints one table.

    bench.py BUILD [NAME ...]

A benchmark is a program bench_* (or bench/bench_*.py) that prints JSON lines:
  {"name": .., "value": .., "unit": .., "better": "lower"|"higher",
   "goal": .., "peer": "what it is held against", "peer_value": ..}
goal and peer may be missing; lines with # say what was left out. The table
shows whether the goal is met and the ratio to the peer, above 1 when ours is
better. Machine, commit and load stand on top; all lines go to
BUILD/bench.jsonl. TensorBoard is put into BUILD/venv where that can be done.
"""
# SPDX-License-Identifier: Apache-2.0
import glob
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading

SECONDS_MAX = 900  # of one benchmark; each should take two minutes at most


def machine():
    """Processor, cores, kernel."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}"


def commit():
    """Short hash, with + when the tree differs from it."""
    def git(*words):
        return subprocess.run(["git", *words], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True,
                              check=False).stdout.strip()
    return git("rev-parse", "--short", "HEAD") + (
        "+" if git("status", "--porcelain", "-uno") else "")


def programs(build, names):
    """Commands to run, one per benchmark."""
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    found = [[p] for p in sorted(glob.glob(os.path.join(build, "bench",
                                                        "bench_*")))
             if os.path.isfile(p) and os.access(p, os.X_OK)]
    found += [[sys.executable, p, build]
              for p in sorted(glob.glob(os.path.join(top, "bench", "bench_*.py")))]
    return [c for c in found if not names
            or any(n in os.path.basename(part) for n in names
                   for part in c[:2])]


def met(row):
    """Whether the goal is met; None without one."""
    if row.get("goal") is None:
        return None
    if row.get("better", "lower") == "lower":
        return row["value"] <= row["goal"]
    return row["value"] >= row["goal"]


def show(row):
    """One line of the table."""
    value, goal = row["value"], row.get("goal")
    word = {None: "", True: "met", False: "MISSED"}[met(row)]
    peer = ""
    if row.get("peer_value"):
        ours_first = row.get("better", "lower") == "higher"
        ratio = (value / row["peer_value"] if ours_first
                 else row["peer_value"] / value if value else float("inf"))
        peer = f"{ratio:.3g}x {row['peer']}"
    print(f"{row['name']:<50} {value:>9.4g} {row['unit']:<10}"
          f" {'' if goal is None else format(goal, '.4g'):>7} {word:<6} {peer}"
          .rstrip(), flush=True)


def get_peers(build):
    """TensorBoard's readers into BUILD/venv; without a network they miss."""
    venv = os.path.join(build, "venv")
    if os.path.exists(os.path.join(venv, "bin", "tensorboard")):
        return
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        subprocess.run([sys.executable, "-m", "venv", venv], check=True,
                       timeout=60, **quiet)
        subprocess.run([os.path.join(venv, "bin", "pip"), "install", "-q",
                        "tensorboard", "tensorboard-data-server"], check=True,
                       timeout=300, **quiet)
    except (OSError, subprocess.SubprocessError):
        print("# TensorBoard cannot be installed: its peers are left out\n")


def run_one(command):
    """Rows of one benchmark, shown as they come."""
    rows = []
    with tempfile.TemporaryFile("w+") as errors, subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors,
            text=True) as bench:
        stop = threading.Timer(SECONDS_MAX, bench.kill)
        stop.start()
        for line in bench.stdout:
            if line.startswith("{"):
                rows.append(json.loads(line))
                show(rows[-1])
            elif line.startswith("#"):
                print(line.rstrip())
        status = bench.wait()
        stop.cancel()
        if status:
            errors.seek(0)
            print(f"{os.path.basename(command[0])} {command[-1]}: exit "
                  f"{status}: {errors.read().strip()[-300:]}")
    return rows, status != 0


def main():
    """Runs, prints, keeps; exit status 1 when a benchmark did not finish."""
    build = sys.argv[1]
    get_peers(build)
    print(f"machine  {machine()}\ncommit   {commit()}\nload     "
          f"{os.getloadavg()[0]:.1f}\n")
    print(f"{'benchmark':<50} {'value':>9} {'unit':<10} {'goal':>7}"
          f" {'':<6} ratio to peer")
    rows, failed = [], False
    for command in programs(build, sys.argv[2:]):
        load = os.getloadavg()[0]
        got, bad = run_one(command)
        rows += [{**row, "machine": machine(), "commit": commit(),
                  "load": round(load, 1)} for row in got]
        failed = failed or bad
    missed = [row["name"] for row in rows if met(row) is False]
    goals = sum("goal" in row for row in rows)
    print(f"\n{goals - len(missed)} of {goals} goals met, load now "
          f"{os.getloadavg()[0]:.1f}")
    with open(os.path.join(build, "bench.jsonl"), "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
