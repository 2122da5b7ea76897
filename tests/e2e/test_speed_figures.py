"""test_speed_figures.py - scaling, stragglers and gradient noise, from files.

A sweep over accelerators follows the universal scalability law with noise of
1 %; one rank of four is slow; norms of gradients have a known noise scale.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import random
import tempfile

from runs_folder import RunsFolder
from shared import km, run

NUMBERS = (1, 2, 4, 8, 16, 32, 64)


def law(n):
    """Tokens a second."""
    return 1000 * n / (1 + 0.02 * (n - 1) + 0.0005 * n * (n - 1))


def imported(folder, fill):
    """A store with the runs that `fill` adds."""
    store = os.path.join(folder, "store")
    runs = RunsFolder(folder)
    fill(runs)
    code, _, err = km("import", os.path.join(folder, "mlruns"), "--store",
                      store, "--quiet")
    assert code == 0, err
    return store


def figures(store, figure, *words):
    """{variant: figure} of what a command says."""
    code, out, err = km(*words, "--store", store, "--format", "json", "--quiet")
    assert code == 0, err
    page = json.loads(out)
    rows = page["figures"] if "figures" in page else page["runs"][0]["figures"]
    return {f["variant"]: f for f in rows if f["id"] == figure}


def sweep(runs, numbers=NUMBERS):
    """Two runs for each number of accelerators, 512 tokens a step on each."""
    rng = random.Random(4)
    for n in numbers:
        for seed in range(2):
            step_s = 512 * n / law(n) * (1 + 0.01 * rng.uniform(-1, 1))
            runs.add(f"n{n}-{seed}", {"world_size": n, "seed": seed,
                                      "tokens_per_step": 512 * n},
                     {"train/loss": [(i, i * step_s, 4 * i ** -0.2)
                                     for i in range(1, 301)]})


def the_law_of_a_sweep_is_found():
    """km compare --by world_size finds efficiency, costs and the best number"""
    with tempfile.TemporaryDirectory() as folder:
        store = imported(folder, sweep)
        found = figures(store, "speed.scaling", "compare", "--by",
                        "world_size", "*")
        true = law(64) / 64 / law(1)
        assert abs(found["efficiency at 64"]["value"] / true - 1) < 0.02
        for variant, value in (("contention", 0.02), ("coherency", 0.0005),
                               ("best number", (0.98 / 0.0005) ** 0.5)):
            f = found[variant]
            assert f["state"] == "OK", f
            assert abs(f["value"] / value - 1) < 0.2, f
        code, page, _ = km("compare", "--by", "world_size", "*", "--store",
                           store, "--html", "-")
        assert code == 0 and "one accelerator keeps" in page and ">law<" in page


def too_few_numbers_are_said():
    """two numbers of accelerators have an efficiency and no law"""
    with tempfile.TemporaryDirectory() as folder:
        store = imported(folder, lambda runs: sweep(runs, (4, 8)))
        found = figures(store, "speed.scaling", "compare", "--by",
                        "world_size", "*")
        assert found["efficiency at 8"]["value"] < 1
        assert found["contention"]["state"] == "INSUFFICIENT"
        assert "4 needed" in found["contention"]["reason"]


def a_slow_rank_is_named():
    """step times of four ranks name the slow one, and what waiting costs"""
    def fill(runs):
        rng = random.Random(5)
        metrics = {"train/loss": [(i, float(i), 3.0) for i in range(1, 401)]}
        for rank in range(4):
            metrics[f"step_time/rank{rank}"] = [
                (i, float(i), (1.15 if rank == 2 else 1) * rng.gauss(1, 0.02))
                for i in range(1, 401)]
        runs.add("ranks", {"world_size": 4}, metrics)
    with tempfile.TemporaryDirectory() as folder:
        store = imported(folder, fill)
        found = figures(store, "speed.straggler", "report")
        assert "a straggler: rank 2" in found["slowest rank"]["reason"], found
        assert abs(found["slowest rank"]["value"] - 0.15) < 0.01
        assert abs(found["time lost"]["value"] - 0.15 / 1.15) < 0.02


def the_noise_scale_holds_the_truth():
    """norms of two batches give the noise scale, with an interval"""
    def fill(runs):
        rng = random.Random(7)
        rows = {"small": [], "big": []}
        for i in range(1, 3001):
            for name, batch in (("small", 8), ("big", 128)):
                squared = (1 + 600 / batch) * rng.gauss(1, 0.2)
                rows[name].append((i, float(i), squared))
        runs.add("noise", {"noise_batch_small": 8, "global_batch_size": 128},
                 {"train/loss": [(i, float(i), 3.0) for i in range(1, 3001)],
                  "grad_norm_sq_small": rows["small"],
                  "grad_norm_sq_big": rows["big"]})
    with tempfile.TemporaryDirectory() as folder:
        store = imported(folder, fill)
        found = figures(store, "speed.noise_scale", "report")
        assert found[""]["lo"] < 600 < found[""]["hi"], found[""]
        assert "larger batch" in found["over the batch"]["reason"]


run(the_law_of_a_sweep_is_found, too_few_numbers_are_said,
    a_slow_rank_is_named, the_noise_scale_holds_the_truth)
