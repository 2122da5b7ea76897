#!/usr/bin/env python3
"""bench_compare.py - commands over 1,000 runs, and a bootstrap beside NumPy.

    bench_compare.py BUILD

Imports 1,000 runs (ten optimisers, seven learning rates, 600 points each) and
times `km compare`, `km seeds`, `km levers` and, of a run under way beside them,
`km forecast` whole, from the store to the page; `km tasks` over fifty chains of
twenty runs. The stratified bootstrap of the interquartile mean is held against
the same resampling in NumPy. Medians of five rounds.
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


def make_live(top):
    """Half of one more run, under way."""
    dice = random.Random(3)
    folder = RunsFolder(os.path.join(top, "live"), "big")
    folder.count = RUNS
    folder.add("live", {"opt": "new", "lr": 3, "max_steps": 2000}, {
        "val/loss": [(x, 0.1 * x, 2 + 2 * math.sqrt(400 / x))
                     for x in range(10, 1001, 10)],
        "train/loss": [(x, 0.1 * x, 2 + 2 * math.sqrt(400 / x) +
                        dice.gauss(0, 0.05)) for x in range(5, 1001, 5)]},
               status=1)


def make_chains(top, chains=50, stages=20):
    """Runs that go on from one another, each at its own task."""
    folder = RunsFolder(os.path.join(top, "chains"), "tasks")
    for chain in range(chains):
        parent = None
        for stage in range(stages):
            scale = 600 / (1 + stage % 4) * (1 + 0.01 * chain)
            parent = folder.add(
                f"c{chain}-s{stage}", {"lr": chain, "task": f"t{stage % 10}"},
                {"val/loss": [(x, 0.1 * x, 4 / math.sqrt(x / scale))
                              for x in range(10, 2001, 10)]},
                tags={"mlflow.parentRunId": parent} if parent else {})


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
    """Prints eight lines."""
    km = os.path.join(sys.argv[1], "km")
    with lines.folder() as top:
        make_runs(top)
        store = os.path.join(top, "store")
        lines.run([km, "--store", store, "import", "--quiet",
                   os.path.join(top, "mlruns")])
        chains = os.path.join(top, "of-chains")
        for words, place, goal in (
                (["compare", "--by", "opt"], store, 1),
                (["compare", "--by", "opt", "--target", "3"], store, 1),
                (["compare", "r0", "r1"], store, 0.3),
                (["seeds"], store, None), (["levers"], store, 0.5),
                (["forecast", "live"], store, None),
                (["tasks"], chains, None)):
            if words[0] == "forecast":
                make_live(top)
                lines.run([km, "--store", store, "import", "--quiet",
                           os.path.join(top, "live", "mlruns")])
            elif words[0] == "tasks":
                make_chains(top)
                lines.run([km, "--store", chains, "import", "--quiet",
                           os.path.join(top, "chains", "mlruns")])
            took = [lines.run([km, *words, "--store", place, "--json"])[0]
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
