"""test_profile.py - performance profiles of the shared AlgoPerf measurements,
held against an implementation of its own that reads the CSV files."""
# SPDX-License-Identifier: Apache-2.0
import csv
import glob
import json
import math
import os
import statistics
import tempfile

from shared import km, need_shared, run

PLACES, TAU_MAX = 100, 4.0


def times(root, targets, metric="validation/loss", raised=False):
    """{submission: {workload: median over studies of the earliest trial}}"""
    sign = -1 if raised else 1
    found = {}
    for path in glob.glob(os.path.join(root, "**", "eval_measurements.csv"),
                          recursive=True):
        submission, study, workload = path.split(os.sep)[-5:-2]
        name = next(w for w in targets if w in workload)
        with open(path, encoding="utf-8", newline="") as file:
            reached = [float(row["accumulated_submission_time"])
                       for row in csv.DictReader(file)
                       if row.get(metric) and
                       sign * float(row[metric]) <= sign * targets[name]]
        studies = found.setdefault(submission, {}).setdefault(name, {})
        studies.setdefault(study, []).append(min(reached, default=math.inf))
    return {s: {w: statistics.median(min(t) for t in studies.values())
                for w, studies in of.items()} for s, of in found.items()}


def profiles(of, targets):
    """{submission: (score, {tau: share})}"""
    ratios = {s: [] for s in of}
    for w in targets:
        best = min(of[s].get(w, math.inf) for s in of)
        for s in of:
            t = of[s].get(w, math.inf)
            r = t / best if math.isfinite(t) else math.inf
            ratios[s].append(r if r <= TAU_MAX else math.inf)

    def share(s, tau):
        return sum(r <= tau for r in ratios[s]) / len(targets)
    grid = [1 + (TAU_MAX - 1) * i / (PLACES - 1) for i in range(PLACES)]
    return {s: sum((share(s, a) + share(s, b)) / 2 * (b - a)
                   for a, b in zip(grid, grid[1:])) / (TAU_MAX - 1)
            for s in of}, share


def algoperf():
    """scores and profiles equal those of an independent implementation"""
    root = need_shared("data", "logs", "csv",
                       "mlcommons+submissions_algorithms")
    with tempfile.TemporaryDirectory() as folder:
        store = os.path.join(folder, "store")
        code, _, err = km("import", root, "--store", store, "--quiet")
        assert code == 0, err
        seen = set()
        for targets in ({"wmt": 1.45, "fastmri": .2868, "ogbg": .0465},
                        {"wmt": 1.6, "fastmri": .3, "ogbg": .05},
                        {"wmt": 2.2, "fastmri": .4},
                        {"wmt": 3.8}, {"wmt": .1}):
            of = times(root, targets) if len(targets) == 3 else \
                times_of(root, targets)
            scores, share = profiles(of, targets)
            words = ",".join(f"{w}={t}" for w, t in targets.items())
            code, out, err = km("compare", "*baseline*", "*shampoo*",
                                "--workloads", words, "--store", store,
                                "--json")
            assert code == 0, err
            card = json.loads(out)
            for s, expected in scores.items():
                row = next(f for f in card["figures"]
                           if f["variant"] == f"*{s}*")
                assert abs(row["value"] - expected) < 1e-9, (row, expected)
                curve = next(c for c in card["curves"]
                             if c["name"] == f"*{s}*")
                for tau, y in zip(curve["x"], curve["y"]):
                    assert abs(y - share(s, tau)) < 1e-12, (s, tau, y)
                seen.add(round(expected, 6))
        assert len(seen) > 3, seen  # the targets tell something apart


def times_of(root, targets):
    """times() of those files whose workload is asked for."""
    every = {"wmt": -1, "fastmri": -1, "ogbg": -1, **targets}
    found = times(root, every)
    return {s: {w: t for w, t in of.items() if w in targets}
            for s, of in found.items()}


def a_metric_may_be_named():
    """a workload's own metric and direction: BLEU of the translations"""
    root = need_shared("data", "logs", "csv",
                       "mlcommons+submissions_algorithms")
    with tempfile.TemporaryDirectory() as folder:
        store = os.path.join(folder, "store")
        code, _, err = km("import", root, "--store", store, "--quiet")
        assert code == 0, err
        every = {"wmt": 30, "fastmri": math.inf, "ogbg": math.inf}
        found = times(root, every, "validation/bleu", True)
        of = {s: {"wmt": t["wmt"]} for s, t in found.items() if "wmt" in t}
        scores, _ = profiles(of, {"wmt": 30})
        assert len(set(scores.values())) > 1, scores
        code, out, err = km("compare", "*baseline*", "*shampoo*", "--store",
                            store, "--json", "--workloads",
                            "wmt:validation/bleu>=30")
        assert code == 0, err
        card = json.loads(out)
        assert "validation/bleu >= 30" in card["context"], card["context"]
        for s, expected in scores.items():
            row = next(f for f in card["figures"] if f["variant"] == f"*{s}*")
            assert abs(row["value"] - expected) < 1e-9, (row, expected)
        # a target of BLEU held against the loss is told
        code, out, err = km("compare", "*baseline*", "*shampoo*", "--store",
                            store, "--json", "--workloads", "wmt=30")
        row = json.loads(out)["figures"][0]
        assert row["state"] == "WEAK", row
        assert "reached at the first value" in row["reason"], row


def wrong_input():
    """workloads that are none, or of no run, are said in one sentence"""
    root = need_shared("data", "logs", "csv",
                       "mlcommons+submissions_algorithms")
    with tempfile.TemporaryDirectory() as folder:
        store = os.path.join(folder, "store")
        code, _, err = km("import", root, "--store", store, "--quiet")
        assert code == 0, err
        for words, said in (("wmt", "NAME=TARGET"), ("=1", "NAME=TARGET"),
                            ("wmt=x", "NAME=TARGET"), ("wmt=1,,", "NAME"),
                            ("wmt:>=3", "NAME:METRIC"),
                            ("wmt:none>=3", "has the metric"),
                            ("nothing=1", "no run of the arms"),
                            (",".join(["wmt=1"] * 65), "at most 64")):
            code, _, err = km("compare", "*baseline*", "*shampoo*", "--store",
                              store, "--workloads", words)
            assert code == 2 and said in err, (words, code, err)


run(algoperf, a_metric_may_be_named, wrong_input)
