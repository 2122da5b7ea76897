#!/usr/bin/env python3
"""bench_compare.py - comparisons over 1,000 runs, and a bootstrap beside NumPy.

    bench_compare.py BUILD

Imports 1,000 runs (ten optimisers, seven learning rates, 600 points each) and
times `km compare --by`, `km seeds` and `km levers` whole, from the store to the
page. The stratified bootstrap of the interquartile mean is held against the same
resampling in NumPy. Medians of five rounds.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import random
import sys
import time

import lines

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "tests", "e2e"))
from runs_folder import RunsFolder  # noqa: E402

ROUNDS, RUNS = 5, 1000


def make_runs(top):
    dice = random.Random(1)
    folder = RunsFolder(top, "big")
    for i in range(RUNS):
        scale = 400 * (1 + 0.2 * (i % 10)) * math.exp(dice.gauss(0, 0.01))
        folder.add(f"r{i}", {"opt": f"o{i % 10}", "lr": i % 7, "seed": i}, {
            "val/loss": [(x, 0.1 * x, 2 + 2 * math.sqrt(scale / x))
                         for x in range(10, 2001, 10)],
            "train/loss": [(x, 0.1 * x, 2 + 2 * math.sqrt(scale / x) +
                            dice.gauss(0, 0.05))
                           for x in range(5, 2001, 5)]})


def make_evaluations(top, runs, tasks):
    dice = random.Random(2)
    for arm in "ab":
        for run in range(runs):
            folder = os.path.join(top, "evals", f"{arm}{run}")
            os.makedirs(folder)
            names = [f"task{t}" for t in range(tasks)]
            with open(os.path.join(folder, "results_1.json"), "w",
                      encoding="utf-8") as file:
                json.dump({"results": {n: {"alias": n,
                                           "acc,none": dice.random(),
                                           "acc_stderr,none": 0.01}
                                       for n in names},
                           "versions": {n: 1 for n in names},
                           "config": {"model": "hf"},
                           "model_name": f"{arm}{run}"}, file)


def numpy_bootstrap(runs, tasks, resamples):
    """Seconds of the same work: two means, one improvement, with intervals."""
    import numpy as np
    rng = np.random.default_rng(1)
    a, b = rng.random((2, runs, tasks))
    start = time.monotonic()
    cut = runs * tasks // 4
    for scores in (a, b):
        pick = rng.integers(0, runs, (resamples, runs, tasks))
        drawn = np.sort(np.take_along_axis(scores[None], pick, 1)
                        .reshape(resamples, -1), 1)
        np.quantile(drawn[:, cut:-cut].mean(1), (0.025, 0.975))
    pick_a = rng.integers(0, runs, (resamples, runs, tasks))
    pick_b = rng.integers(0, runs, (resamples, runs, tasks))
    x = np.take_along_axis(a[None], pick_a, 1)[:, :, None]
    y = np.take_along_axis(b[None], pick_b, 1)[:, None]
    np.quantile(((x > y) + 0.5 * (x == y)).mean((1, 2, 3)), (0.025, 0.975))
    return time.monotonic() - start


def main():
    """Prints four lines."""
    km = os.path.join(sys.argv[1], "km")
    with lines.folder() as top:
        make_runs(top)
        store = os.path.join(top, "store")
        lines.run([km, "--store", store, "import", "--quiet",
                   os.path.join(top, "mlruns")])
        for words, goal in ((["compare", "--by", "opt"], 1),
                            (["seeds"], None), (["levers"], None)):
            took = [lines.run([km, *words, "--store", store, "--json"])[0]
                    for _ in range(ROUNDS)]
            lines.say(f"km {' '.join(words)} over 1,000 runs",
                      lines.median(took), "s", goal)
        make_evaluations(top, 10, 26)
        store = os.path.join(top, "tasks")
        lines.run([km, "--store", store, "import", "--quiet",
                   os.path.join(top, "evals")])
        took = [lines.run([km, "compare", "*/a?", "*/b?", "--store", store,
                           "--json"])[0] for _ in range(ROUNDS)]
        try:
            peer = lines.median([numpy_bootstrap(10, 26, 2000)
                                 for _ in range(ROUNDS)])
        except ImportError:
            print("# NumPy is not here: its bootstrap is left out")
            peer = None
        lines.say("interquartile means, 26 tasks x 10 runs, whole command",
                  lines.median(took), "s", None, False,
                  "the same resampling in NumPy", peer)


if __name__ == "__main__":
    main()
