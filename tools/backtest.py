#!/usr/bin/env python3
"""backtest.py - the back-test of the product on curves that others published.

    backtest.py --tool build/tests/tools/backtest_curves [CURVES.csv.gz]
    backtest.py --tool ... --tap      as a test; skips without the curves

Feeds the curves to the engine of `km backtest` (src/score/backtest.h) and prints
its rows as tables: errors are averaged inside a configuration group first, then
over groups; "over classes" then over kinds of curve (source and metric), so that
many alike groups do not outvote the rest.

Learning rates. The lr column of the validation curves counts rows and not
steps (row i holds the rate of step i), so it is not used: a validation curve of
modded-nanogpt takes the rates that the training curve of the same run logged
step by step, one without such a twin has no known schedule. MultiPowerLaw's
schedules are in the names of its curves: warm-up of 2,160 steps, then constant,
or cosine to a tenth at step 72,000, or `wsdcon_K` with K/30 of the rate after
step 8,000. Pythia's are not used.
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import collections
import csv
import gzip
import json
import math
import os
import re
import statistics
import subprocess
import sys

WARMUP, COSINE_END, COSINE_FINAL, DROP_STEP, DROP_BASE = 2160, 72000, .1, 8000, 30
CONSTANT, KNOWN, UNKNOWN = "constant rate", "known schedule", "unknown schedule"
METHODS = ("last", "line", "mean", "anneal", "analogue", "value")


class Curve:
    def __init__(self, row):
        self.name, self.group = row["curve"], row["group"]
        self.source, self.kind = row["source"], row["kind"]
        self.planned = float(row["planned_steps"])
        self.x, self.y, self.lr, self.plan = [], [], [], []
        date = re.search(r"(20\d\d)-?(\d\d)-?(\d\d)", self.group)
        self.date = int("".join(date.groups())) if date else 99999999


def read(path):
    curves = {}
    with gzip.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            key = row["curve"], row["kind"]
            curve = curves.setdefault(key, Curve(row))
            if float(row["step"]) > 0 and math.isfinite(float(row["value"])):
                curve.x.append(float(row["step"]))
                curve.y.append(float(row["value"]))
                curve.lr.append(float(row["lr"]) if row["lr"] else math.nan)
    add_plans(list(curves.values()))
    return list(curves.values())


def thin(step, rate):
    """Knots of the straight lines between logged rates."""
    last = len(step) - 1
    return [(step[i], rate[i]) for i in range(len(step))
            if i in (0, last) or
            abs(2 * rate[i] - rate[i - 1] - rate[i + 1]) > 1e-9]


def named_plan(curve):
    """The schedule that the name of a MultiPowerLaw curve says."""
    name = curve.name.split("/")[-1].split("#")[0].split()[0]
    knots = [(0.0, 0.0), (WARMUP, 1.0)]
    if name.startswith("cosine"):
        for k in range(1, 2001):
            p = k / 2000
            knots.append((WARMUP + p * (COSINE_END - WARMUP), COSINE_FINAL +
                          (1 - COSINE_FINAL) * (1 + math.cos(math.pi * p)) / 2))
    elif name.startswith("wsdcon"):
        knots += [(DROP_STEP, 1.0),
                  (DROP_STEP + 1, float(name.split("_")[1]) / DROP_BASE)]
    return knots


def add_plans(curves):
    logged = {c.name.rsplit("#", 1)[0]: thin(c.x, c.lr) for c in curves
              if c.kind == "train" and not any(map(math.isnan, c.lr))}
    for curve in curves:
        if curve.source == "mng":
            curve.plan = logged.get(curve.name.rsplit("#", 1)[0], [])
        elif curve.source == "mpl":
            curve.plan = named_plan(curve)


def number(table, key):
    return table.setdefault(key, len(table))


def feed(curves):
    """What the tool reads, and the names of its pools."""
    groups, pools, lines = {}, {}, []
    for c in curves:
        pool = f"{c.source} {c.kind}"
        lines.append(f"run {number(groups, (pool, c.group))} "
                     f"{number(pools, pool)} {c.date} {c.planned} "
                     f"{int(c.kind == 'train')} {int(c.kind != 'err')} 0 "
                     f"{len(c.x)} {len(c.plan)}")
        lines += [f"{a!r} {b!r}" for a, b in zip(c.x, c.y)]
        lines += [f"{float(a)!r} {float(b)!r}" for a, b in c.plan]
    return "\n".join(lines) + "\n", {v: k for k, v in pools.items()}


def run(curves, tool):
    """Rows of the engine; each with the class of its curve."""
    text, names = feed(curves)
    out = subprocess.run([tool], input=text, text=True,
                         stdout=subprocess.PIPE, check=True).stdout
    rows = [json.loads(line) for line in out.splitlines()]
    for row in rows:
        row["class"] = names[row["pool"]]
    return rows


def means(rows, value):
    """Mean inside each group: {(class, group): mean}."""
    inside = collections.defaultdict(list)
    for row in rows:
        v = value(row)
        if v is not None:
            inside[row["class"], row["group"]].append(v)
    return {key: statistics.fmean(v) for key, v in inside.items()}


def error(row, method="value"):
    return None if row[method] is None else abs(row[method] - row["truth"])


def log_rel(row, method="value", base="last"):
    own, other = error(row, method), error(row, base)
    if own is None or other is None:
        return None
    return math.log(max(own, 1e-9) / max(other, 1e-9))


def over(values):
    return statistics.fmean(values.values()) if values else math.nan


def over_classes(values):
    classes = collections.defaultdict(list)
    for (name, _), v in values.items():
        classes[name].append(v)
    return statistics.fmean(statistics.fmean(v) for v in classes.values())


def covered(row):
    return None if row["lo"] is None else \
        float(row["lo"] <= row["truth"] <= row["hi"])


def winkler(row):
    if row["lo"] is None:
        return None
    miss = max(row["lo"] - row["truth"], row["truth"] - row["hi"], 0)
    return row["hi"] - row["lo"] + 10 * miss


def width(row):
    return None if row["lo"] is None else row["hi"] - row["lo"]


def pick(rows, **want):
    return [r for r in rows if all(r[k] == v for k, v in want.items())]


def constant_rate(rows):
    return [r for r in pick(rows, history="earlier", regime=CONSTANT)
            if r["target"] > 0]


def final_errors(rows, kind, origin, method):
    """Median over groups of |error| of the final value, schedule known,
    time-ordered, at least 5 earlier configurations."""
    some = [r for r in pick(rows, history="earlier", regime=KNOWN, target=0,
                            origin=origin) if r["class"] == kind and
            r["history_groups"] >= 5]
    values = means(some, lambda r: error(r, method))
    return (statistics.median(values.values()) if values else math.nan,
            len(values))


def gain_ratio(rows, kind):
    """Gain to x1.25 by the fitted slope over the actual one, medians over groups."""
    some = [r for r in constant_rate(rows)
            if r["target"] == 1.25 and r["class"] == kind]
    predicted = means(some, lambda r: r["gain"])
    actual = means(some, lambda r: r["now"] - r["truth"])
    ratios = sorted(predicted[g] / actual[g] for g in predicted)
    return statistics.median(ratios), ratios


def report(rows):
    classes = sorted({r["class"] for r in rows})
    print("constant rate, x1.25 to x2 (forecaster: mean of pow3, invlog3)")
    for name in ["all"] + classes:
        some = [r for r in constant_rate(rows) if name in ("all", r["class"])]
        if some:
            logs = means(some, lambda r: log_rel(r, "mean"))
            line = means(some, lambda r: log_rel(r, "mean", "line"))
            print(f"  {name:14} {len(some):4} forecasts {len(logs):3} groups  "
                  f"rel {math.exp(over(logs)):.3f} over classes "
                  f"{math.exp(over_classes(logs)):.3f}  to line "
                  f"{math.exp(over(line)):.3f}  MAE "
                  f"{over(means(some, lambda r: error(r, 'mean'))):.4f}")
    print("final value, schedule known, time-ordered: median |error| of groups")
    for name in classes:
        for origin in (.2, .4, .6, .8):
            cells = {m: final_errors(rows, name, origin, m) for m in METHODS}
            if cells["value"][1]:
                print(f"  {name:10} {origin:.0%} {cells['value'][1]:3} groups ",
                      " ".join(f"{m} {v:.4f}" for m, (v, _) in cells.items()))
    for history in ("earlier", "others"):
        print(f"80 % intervals, history: {history}")
        for rung in (1, 2, 3):
            for regime in ("all", CONSTANT, KNOWN, UNKNOWN):
                for name in ["all"] + classes:
                    some = [r for r in pick(rows, history=history, rung=rung)
                            if regime in ("all", r["regime"]) and
                            name in ("all", r["class"])]
                    if some:
                        print(f"  rung {rung} {regime:16} {name:14}"
                              f"{len(some):5} forecasts "
                              f"{len(means(some, covered)):3} groups covers "
                              f"{over(means(some, covered)):.3f} width "
                              f"{over(means(some, width)):.3f} Winkler "
                              f"{over(means(some, winkler)):.3f}")
    print("predicted over actual gain to x1.25, constant rate")
    for name in classes:
        if any(r["class"] == name for r in constant_rate(rows)):
            median, ratios = gain_ratio(rows, name)
            print(f"  {name:10} {len(ratios):3} groups  median {median:.3f}  "
                  f"from {ratios[0]:.2f} to {ratios[-1]:.2f}")


def shared_curves():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    shared = os.environ.get("KM_SHARED") or os.path.join(root, "..", "shared")
    return os.path.join(shared, "data", "curves", "curves.csv.gz")


def claims(rows):
    """What docs/metrics.md says and a change must not break."""
    some = constant_rate(rows)
    logs = means(some, lambda r: log_rel(r, "mean"))
    val = means([r for r in some if r["class"].endswith("val")],
                lambda r: log_rel(r, "mean"))
    yield (math.exp(over_classes(logs)) <= .09,
           "constant rate: rel <= 0.09 over groups, then classes "
           f"({math.exp(over_classes(logs)):.3f})")
    yield (math.exp(over(val)) <= .09,
           f"and over groups of validation curves ({math.exp(over(val)):.3f})")
    for origin, bound in ((.2, .032), (.4, .031), (.6, .011)):
        value, groups = final_errors(rows, "mng val", origin, "value")
        yield (groups >= 5 and value <= bound,
               f"final loss at {origin:.0%}: {value:.4f} <= {bound} nat "
               f"({groups} groups)")
    rung = pick(rows, history="earlier", rung=1)
    cover = over(means(rung, covered))
    yield (.76 <= cover <= .88 and len(rung) >= 200,
           f"cross-run intervals cover 0.76 to 0.88 in time order ({cover:.3f} "
           f"of {len(rung)})")
    for name in ("mng val", "mpl val"):
        ratio, _ = gain_ratio(rows, name)
        yield .9 <= ratio <= 1.1, f"predicted over actual gain, {name}: " \
                                  f"{ratio:.3f}"
    cold = over(means(pick(rows, history="earlier", rung=3), covered))
    yield cold >= .76, f"a cold start covers, though not calibrated ({cold:.3f})"


def tap(path, tool):
    if not os.path.exists(path):
        print("1..0 # SKIP no shared curves")
        return 0
    checks = list(claims(run(read(path), tool)))
    for at, (good, what) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {at} - {what}")
    print(f"1..{len(checks)}")
    return 0 if all(good for good, _ in checks) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("curves", nargs="?", default=shared_curves())
    parser.add_argument("--tool", required=True)
    parser.add_argument("--tap", action="store_true")
    args = parser.parse_args()
    if args.tap:
        sys.exit(tap(args.curves, args.tool))
    report(run(read(args.curves), args.tool))


if __name__ == "__main__":
    main()
