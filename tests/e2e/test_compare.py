"""test_compare.py - `km compare` and `km seeds` over imported runs, seeds of public
configurations among them."""
# SPDX-License-Identifier: Apache-2.0
import collections
import csv
import gzip
import itertools
import json
import math
import os
import re
import random
import tempfile

from runs_folder import RunsFolder
from shared import km, need_shared, run


def card_of(store, *words):
    code, out, err = km(*words, "--store", store, "--json")
    assert code == 0, (words, err)
    return json.loads(out)


def figure(card, ident, variant=""):
    found = [f for f in card["figures"]
             if f["id"] == ident and f["variant"] == variant]
    assert found, (ident, variant, [f["id"] for f in card["figures"]])
    return found[0]


def store_of(folder, root):
    store = os.path.join(root, "store")
    code, _, err = km("import", os.path.join(root, "mlruns"), "--store", store,
                      "--quiet")
    assert code == 0, err
    return store


def power_law(scale, seconds=0.1, offset=0.0):
    return [(x, seconds * x, 2 + offset + 2 * math.sqrt(scale / x))
            for x in range(10, 2001, 10)]


def decided():
    """two configurations with seeds: factors, verdict, words as arms"""
    with tempfile.TemporaryDirectory() as root:
        folder, dice = RunsFolder(root), random.Random(3)
        for name, scale, seconds in (("muon", 400, 0.1), ("adamw", 500, 0.08)):
            for seed in range(4):
                folder.add(f"{name}-{seed}", {"opt": name, "seed": seed},
                           {"val/loss": power_law(scale, seconds,
                                                  dice.gauss(0, 0.002))})
        store = store_of(folder, root)
        card = card_of(store, "compare", "muon-*", "adamw-*")
        data = figure(card, "compare.speedup", "factor: data efficiency")
        speed = figure(card, "compare.speedup", "factor: throughput")
        total = figure(card, "compare.speedup", "per active second")
        assert abs(data["value"] - 1.25) < 0.02, data
        assert abs(speed["value"] - 0.8) < 0.001, speed
        assert abs(data["value"] * speed["value"] - total["value"]) < 1e-12
        verdict = figure(card, "compare.verdict")
        assert verdict["reason"] == "muon-* is better", verdict
        # one run stands for the seeds of its configuration; --by and alone too
        single = card_of(store, "compare", "muon-0", "adamw-0")
        assert figure(single, "compare.verdict")["n"] == 8
        by = card_of(store, "compare", "--by", "opt")
        assert figure(by, "compare.verdict")["value"] is not None
        # 4 is reached where 2 sqrt(scale / x) = 2: at step `scale`
        aimed = card_of(store, "compare", "--by", "opt", "--target", "4")
        for name, scale in (("muon", 400), ("adamw", 500)):
            median = figure(aimed, "compare.to_target", f"opt={name}")
            assert abs(median["value"] - scale) < 5, median
            assert median["reason"].startswith("4 of 4 runs reached 4"), median
        later = figure(aimed, "compare.restricted_mean",
                       "opt=adamw less opt=muon")
        assert later["state"] == "OK" and 95 < later["value"] < 105, later
        assert sum(c["id"] == "survival" for c in aimed["curves"]) == 2
        alone = card_of(store, "compare")
        assert figure(alone, "compare.verdict")["n"] == 8
        seeds = card_of(store, "seeds", "--delta", "0.006")
        assert 2 <= figure(seeds, "compare.seeds", "needed an arm")["value"] < 20
        for form in ("text", "csv", "markdown"):
            code, out, err = km("compare", "--store", store, "--format", form)
            assert code == 0 and "compare.verdict" in out, (form, err)


def bounded():
    """beside many runs a comparison reads the newest, and says so"""
    with tempfile.TemporaryDirectory() as root:
        folder = RunsFolder(root)
        for i in range(520):
            folder.add(f"r{i}", {"opt": i % 4, "seed": i // 4},
                       {"val/loss": [(x, x, 3 + i % 4 + 1 / x + i * 1e-5)
                                     for x in range(1, 6)]})
        store = store_of(folder, root)
        card = card_of(store, "compare", "r0", "r1")
        assert card["context"].endswith(
            "looked for in the 500 newest of 518 other runs"), card["context"]
        assert 100 < figure(card, "compare.verdict")["n"] < 260
        few = card_of(store, "compare", "r1*", "r2*")
        assert "looked for" not in few["context"], few["context"]


def undecidable():
    """one run an arm without seeds anywhere is UNDECIDABLE, however far apart"""
    with tempfile.TemporaryDirectory() as root:
        folder = RunsFolder(root)
        folder.add("a", {"opt": "a"}, {"val/loss": power_law(400)})
        folder.add("b", {"opt": "b"}, {"val/loss": power_law(4000)})
        store = store_of(folder, root)
        verdict = figure(card_of(store, "compare", "a", "b"), "compare.verdict")
        assert verdict["state"] == "INSUFFICIENT" and verdict["value"] is None
        assert "UNDECIDABLE" in verdict["reason"], verdict
        # the range is on the axis that the sentence is about
        folder.add("slow", {"opt": "c"}, {"val/loss": power_law(500, 0.4)})
        store = store_of(folder, root)
        said = re.search(r"learns ([\d.]+)x as fast per active second as .*? "
                         r"\(([\d.]+) to ([\d.]+) along the curve\)",
                         card_of(store, "compare", "a", "slow")["headline"])
        value, low, high = map(float, said.groups())
        assert value > 4 and low <= value <= high, said.group()
        for words in (("compare", "a"), ("compare", "--by", "nothing"),
                      ("compare", "a", "b", "--power", "1")):
            code, _, err = km(*words, "--store", store)
            assert code in (2, 5) and err.startswith("km compare: "), (code, err)


def pair():
    """two runs with the same batches: these runs differ, configurations do not"""
    with tempfile.TemporaryDirectory() as root:
        folder, dice = RunsFolder(root), random.Random(5)
        noise = [dice.gauss(0, 0.1) for _ in range(2000)]
        for name, opt, order, lead in (("a", "a", 7, 0.01), ("b", "b", 7, 0),
                                       ("c", "c", 8, 0)):
            folder.add(name, {"opt": opt, "data_order_id": order}, {
                "train/loss": [(x, 0.1 * x, 2 + 2 / math.sqrt(x) + noise[x - 1]
                                - lead + dice.gauss(0, 0.01))
                               for x in range(1, 2001)]})
        store = store_of(folder, root)
        card = card_of(store, "compare", "a", "b")
        found = figure(card, "compare.pair")
        assert found["state"] == "OK" and found["hi"] < 0, found
        assert found["lo"] < -0.01 < found["hi"], found
        assert "of these two runs, lab/a is ahead" in found["reason"], found
        verdict = figure(card, "compare.verdict")
        assert "UNDECIDABLE" in verdict["reason"], verdict
        other = figure(card_of(store, "compare", "a", "c"), "compare.pair")
        assert other["state"] == "NOT_APPLICABLE", other


def public_seeds(path):
    """{group: {curve: [(step, value)]}} of validation curves with seeds."""
    groups = collections.defaultdict(lambda: collections.defaultdict(list))
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            if row["source"] == "mng" and row["kind"] == "val" and \
                    float(row["step"]) > 0:
                groups[row["group"]][row["curve"]].append(
                    (int(float(row["step"])), float(row["value"])))
    return {g: c for g, c in groups.items() if len(c) > 1}


def honest():
    """seeds of one public configuration are decided in at most 1 of 20 pairs"""
    groups = public_seeds(need_shared("data", "curves", "curves.csv.gz"))
    with tempfile.TemporaryDirectory() as root:
        folder, pairs = RunsFolder(root), []
        for g, (group, curves) in enumerate(sorted(groups.items())):
            names = []
            for i, points in enumerate(curves.values()):
                name = f"g{g}-{i}"
                folder.add(name, {"recipe": group, "seed": i},
                           {"val/loss": [(s, 0.1 * s, v) for s, v in points]})
                names.append(name)
            pairs += itertools.combinations(names, 2)
        store = store_of(folder, root)
        outcomes = collections.Counter()
        for a, b in pairs:
            verdict = figure(card_of(store, "compare", a, b), "compare.verdict")
            outcomes["better" if "better" in verdict["reason"] else
                     "no difference" if "no difference" in verdict["reason"]
                     else "open"] += 1
        print(f"# {len(pairs)} pairs of seeds of {len(groups)} public "
              f"configurations: {dict(outcomes)}")
        assert len(pairs) >= 15, len(pairs)
        assert outcomes["better"] <= 0.05 * len(pairs), outcomes


def olympic():
    """MLPerf: the olympic means are the published ones"""
    logs = need_shared("data", "logs", "mllog")
    with open(need_shared("data", "logs", "truth", "cross_checks.json"),
              encoding="utf-8") as file:
        truth = json.load(file)["mlperf"]
    with tempfile.TemporaryDirectory() as root:
        store = os.path.join(root, "store")
        code, _, err = km("import", logs, "--store", store, "--quiet")
        assert code == 0, err
        folders = sorted(truth)
        card = card_of(store, "compare", *(f"*{f}/*" for f in folders))
        for folder in folders:
            found = figure(card, "compare.olympic", f"*{folder}/*")
            assert abs(found["value"] - truth[folder]["olympic_mean_min"]) < \
                1e-5, (found, truth[folder])
            assert found["n"] == truth[folder]["runs"]


def tasks():
    """scores over tasks: interquartile mean and probability of improvement"""
    scores = {"a": {"arc": 0.5, "boolq": 0.7, "copa": 0.6, "piqa": 0.9},
              "b": {"arc": 0.4, "boolq": 0.7, "copa": 0.8, "sciq": 0.1}}
    with tempfile.TemporaryDirectory() as root:
        for name, rows in scores.items():
            folder = os.path.join(root, "evals", name)
            os.makedirs(folder)
            with open(os.path.join(folder, "results_1.json"), "w",
                      encoding="utf-8") as file:
                json.dump({"results": {t: {"alias": t, "acc,none": v,
                                           "acc_stderr,none": 0.01}
                                       for t, v in rows.items()},
                           "versions": {t: 1 for t in rows},
                           "n-shot": {t: 0 for t in rows},
                           "config": {"model": "hf", "model_args": name},
                           "higher_is_better": {t: {"acc": True} for t in rows},
                           "model_name": name}, file)
        store = os.path.join(root, "store")
        code, _, err = km("import", os.path.join(root, "evals"), "--store",
                          store, "--quiet")
        assert code == 0, err
        first, last = km("runs", "--store", store, "--names")[1].split()
        card = card_of(store, "compare", first, last)
        better = figure(card, "compare.prob_improvement", f"{first} over {last}")
        # arc won, boolq tied, copa lost; piqa and sciq stand alone
        assert abs(better["value"] - 0.5) < 1e-12, better
        assert better["state"] == "WEAK" and better["n"] == 3, better
        iqm = figure(card, "compare.iqm", last)
        assert abs(iqm["value"] - (0.4 + 0.7 + 0.8) / 3) < 1e-12, iqm


run(decided, bounded, undecidable, pair, honest, olympic, tasks)
