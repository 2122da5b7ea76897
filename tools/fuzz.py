#!/usr/bin/env python3
"""fuzz.py - runs every libFuzzer target of a build folder for a while.

    fuzz.py BUILD SECONDS [NAME ...]

Two targets at a time, each on a corpus in BUILD/corpus/NAME that starts from
its seeds. Prints executions, coverage and findings per target; exit status 1
when anything was found.
"""
# SPDX-License-Identifier: Apache-2.0
import concurrent.futures
import glob
import os
import re
import subprocess
import sys


def fuzz(build, seconds, target):
    """Runs one target; returns its row."""
    name = os.path.basename(target)[len("fuzz_"):]
    corpus = os.path.join(build, "corpus", name)
    crashes = os.path.join(build, "crashes", name, "")
    os.makedirs(corpus, exist_ok=True)
    os.makedirs(crashes, exist_ok=True)
    seeds = os.path.join(os.path.dirname(__file__), "..", "fuzz", "seeds", name)
    done = subprocess.run(
        [target, f"-max_total_time={seconds}", "-timeout=60",
         "-rss_limit_mb=2048", "-max_len=65536", "-print_final_stats=1",
         f"-artifact_prefix={crashes}", corpus, seeds],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", check=False)
    runs = re.search(r"stat::number_of_executed_units:\s+(\d+)", done.stdout)
    cover = re.findall(r"cov: (\d+)", done.stdout)
    found = sorted(os.listdir(crashes))
    return (name, int(runs.group(1)) if runs else 0,
            int(cover[-1]) if cover else 0, found, done)


def main():
    """Fuzzes all or the named targets."""
    build, seconds, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    targets = [t for t in sorted(glob.glob(os.path.join(build, "fuzz",
                                                        "fuzz_*")))
               if os.path.isfile(t) and os.access(t, os.X_OK)
               and (not names or os.path.basename(t)[5:] in names)]
    bad = 0
    print(f"{'target':<16} {'executions':>12} {'edges':>7}  findings")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for name, runs, cover, found, done in pool.map(
                lambda t: fuzz(build, seconds, t), targets):
            print(f"{name:<16} {runs:>12,} {cover:>7,}  "
                  f"{', '.join(found) or 'none'}", flush=True)
            if found or done.returncode:
                bad = 1
                print(done.stdout[-3000:])
    sys.exit(bad)


if __name__ == "__main__":
    main()
