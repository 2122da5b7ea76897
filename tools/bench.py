#!/usr/bin/env python3
"""bench.py - runs every benchmark of a build folder and prints one table.

    bench.py BUILD [NAME ...]

A benchmark is a program bench_* (or bench/*.py) that prints JSON lines:
  {"name": .., "value": .., "unit": .., "better": "lower"|"higher",
   "goal": .., "peer": "what it is held against", "peer_value": ..}
goal and peer may be missing. The table shows the ratio to peer and goal.
Machine and commit stand on top; all lines go to BUILD/bench.jsonl.
"""
# SPDX-License-Identifier: Apache-2.0
import glob
import json
import os
import platform
import subprocess
import sys


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
    return [c for c in found if not names or any(n in c[-1] or n in c[0]
                                                 for n in names)]


def show(row):
    """One line of the table."""
    value, goal = row["value"], row.get("goal")
    lower = row.get("better", "lower") == "lower"
    met = "" if goal is None else (
        "met" if (value <= goal if lower else value >= goal) else "MISSED")
    peer = ""
    if row.get("peer_value"):
        ratio = row["peer_value"] / value if lower else value / row["peer_value"]
        peer = f"{ratio:.3g}x {row['peer']}"
    print(f"{row['name']:<46} {value:>12.5g} {row['unit']:<14}"
          f" {'' if goal is None else format(goal, 'g'):>10} {met:<7} {peer}",
          flush=True)


def main():
    """Runs, prints, keeps."""
    build = sys.argv[1]
    print(f"machine  {machine()}\ncommit   {commit()}\nload     "
          f"{os.getloadavg()[0]:.1f}\n")
    print(f"{'benchmark':<46} {'value':>12} {'unit':<14} {'goal':>10}"
          f" {'':<7} ratio to peer")
    rows = []
    for command in programs(build, sys.argv[2:]):
        done = subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                rows.append(json.loads(line))
                show(rows[-1])
        if done.returncode:
            print(f"{command[-1]}: exit {done.returncode}: "
                  f"{done.stderr.strip()[-300:]}")
    with open(os.path.join(build, "bench.jsonl"), "w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps({**row, "machine": machine(),
                                  "commit": commit()}) + "\n")


if __name__ == "__main__":
    main()
