#!/usr/bin/env python3
"""backtest.py - rolling-origin back-test of the forecasts on real curves.

    backtest.py --tool build/tests/tools/fit_curve [--window W] [CURVES.csv.gz]
    backtest.py --tool ... --tap      as a test, evaluations only

At 20, 40, 60 and 80 % of the planned steps of every curve, sees only what is at
or before that step and forecasts x1.25, x1.5, x2 of it and the end. Prints, for
each regime of the learning rate: rel (geometric mean of |error| / |error of the
last value|), median |error|, and what the product's 80 % interval covers, its
width and its Winkler score in percent of the last value. Errors are averaged
inside a configuration group first, then over groups. A second table takes the
reach downward from one class of curves and covers the others with it.

Regimes: constant (learning rate known and constant up to the target; for
modded-nanogpt, whose schedules are constant and then decay linearly, targets up
to 60 % of the planned steps), decay (everything else with a known or such a
schedule), unknown.
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import collections
import csv
import gzip
import json
import math
import os
import statistics
import subprocess
import sys


class Curve:
    def __init__(self, row):
        self.name, self.group = row["curve"], row["group"]
        self.source, self.kind = row["source"], row["kind"]
        self.planned = float(row["planned_steps"])
        self.x, self.y, self.lr = [], [], []


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
    return list(curves.values())


def truth(curve, target, final):
    """What was seen at `target`: an average for noisy training curves."""
    if curve.kind == "train":
        low, high = (0.97, 1.0) if final else (0.98, 1.02)
        near = [y for x, y in zip(curve.x, curve.y)
                if low * target <= x <= high * target]
        return statistics.fmean(near) if near else None
    at = min(range(len(curve.x)), key=lambda i: abs(curve.x[i] - target))
    return curve.y[at]


def place(curve, target):
    """The step whose value truth() gives."""
    if curve.kind == "train":
        return target
    return min(curve.x, key=lambda x: abs(x - target))


def regime(curve, target):
    if curve.source == "mng":
        return "constant" if target <= 0.6 * curve.planned else "decay"
    if any(math.isnan(lr) for lr in curve.lr):
        return "unknown"
    top = max(curve.lr)
    start = [x for i, (x, lr) in enumerate(zip(curve.x, curve.lr))
             if lr < 0.999 * top and i > 0.15 * len(curve.lr)]
    return "constant" if not start or target <= 1.02 * start[0] else "decay"


def last_value(x, y, kind):
    if kind != "train":
        return y[-1]
    return statistics.fmean(b for a, b in zip(x, y) if a >= 0.95 * x[-1])


def tasks(curve):
    """(origin share, name, target) of one curve."""
    for share in (0.2, 0.4, 0.6, 0.8):
        yield share, "final", curve.planned
        for factor in (1.25, 1.5, 2.0):
            if share * factor <= 1.0001:
                yield share, f"x{factor:g}", share * curve.planned * factor


def run(curves, tool, window):
    """One row a task that could be forecast."""
    pipe = subprocess.Popen([tool], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    rows = []
    for curve in curves:
        for share in (0.2, 0.4, 0.6, 0.8):
            end = sum(x <= share * curve.planned + 1e-9 for x in curve.x)
            todo = [(n, min(t, curve.x[-1])) for s, n, t in tasks(curve)
                    if s == share]
            if end < 8:
                continue
            places = [place(curve, t) * (0.985 if n == "final" and
                                         curve.kind == "train" else 1)
                      for n, t in todo]
            x, y = curve.x[:end], curve.y[:end]
            head = [end, window, 0, int(curve.kind != "train"), len(places)]
            lines = [" ".join(map(repr, head + places))]
            lines += [f"{a!r} {b!r}" for a, b in zip(x, y)]
            pipe.stdin.write("\n".join(lines) + "\n")
            pipe.stdin.flush()
            answer = json.loads(pipe.stdout.readline())
            if not answer["ok"]:
                continue
            last = last_value(x, y, curve.kind)
            for (name, target), forecast in zip(todo, answer["forecast"]):
                real = truth(curve, target, name == "final")
                if real is not None and forecast["x"] > x[-1]:
                    forecast["points"] = answer["bins"]
                    rows.append((curve, regime(curve, target), name, forecast,
                                 real, last))
    pipe.stdin.close()
    pipe.wait()
    return rows


def by_group(pairs):
    """Mean over groups of the mean inside each group."""
    groups = collections.defaultdict(list)
    for group, value in pairs:
        groups[group].append(value)
    return statistics.fmean(statistics.fmean(v) for v in groups.values())


def summary(rows, method):
    logs = [(r[0].source + r[0].kind + r[0].group,
             math.log(max(abs(r[3][method] - r[4]), 1e-9) /
                      max(abs(r[5] - r[4]), 1e-9))) for r in rows]
    return {
        "tasks": len(rows),
        "groups": len({g for g, _ in logs}),
        "rel": round(math.exp(by_group(logs)), 3),
        "median": round(statistics.median(abs(r[3][method] - r[4])
                                          for r in rows), 4),
    }


CONSTANT, UNKNOWN, THIN = (0.8, 0.8), (2.4, 0.8), (3, 3)  # forecast.h
POINTS_MIN = 12


def reach(row, down=UNKNOWN[0]):
    """(down, up) in s, as the product takes them without a known schedule."""
    if row[0].kind == "err" or row[3]["points"] < POINTS_MIN:
        return THIN
    return down, UNKNOWN[1]


def interval(rows, reach_of):
    """Coverage and misses, width and Winkler score in % of the last value."""
    sums = {name: [] for name in ("covers", "below", "above", "width",
                                  "winkler")}
    for row in rows:
        curve, _, _, forecast, real, last = row
        down, up = reach_of(row)
        low = forecast["value"] - down * forecast["s"]
        high = forecast["value"] + up * forecast["s"]
        miss = max(low - real, real - high, 0)
        group = curve.source + curve.kind + curve.group
        for name, value in (("covers", low <= real <= high),
                            ("below", real < low), ("above", real > high),
                            ("width", 100 * (high - low) / abs(last)),
                            ("winkler", 100 * (high - low + 10 * miss) /
                             abs(last))):
            sums[name].append((group, float(value)))
    return {name: round(by_group(v), 3) for name, v in sums.items()}


def across(rows):
    """The reach downward that one class asks for, checked on the others."""
    classes = collections.defaultdict(list)
    for row in rows:
        if row[1] != "constant":
            classes[f"{row[0].source} {row[0].kind}"].append(row)
    lines = []
    for name, some in classes.items():
        steps = [k / 10 for k in range(5, 60)]
        down = next((k for k in steps
                     if interval(some, lambda r, k=k: (k, UNKNOWN[1]))
                     ["covers"] >= 0.8), None)
        if down is None:
            lines.append((name, "no reach downward covers 0.8", {}))
            continue
        others = {other: interval(part, lambda r, k=down: reach(r, k))
                  for other, part in classes.items() if other != name}
        lines.append((name, f"asks for {down}", others))
    return lines


def report(rows):
    out = {}
    for name in ("constant", "decay", "unknown"):
        part = [r for r in rows if r[1] == name]
        horizon = [r for r in part if r[2] != "final"]
        for what, some in (("horizons", horizon),
                           ("final", [r for r in part if r[2] == "final"])):
            if not some:
                continue
            entry = {m: summary(some, m) for m in ("pow3", "invlog3", "value")}
            entry["constant"] = interval(some, lambda r: CONSTANT)
            entry["unknown"] = interval(some, reach)
            entry["k = 1.83"] = interval(some, lambda r: (1.83, 1.83))
            out[f"{name} {what}"] = entry
    return out


def shared_curves():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    shared = os.environ.get("KM_SHARED") or os.path.join(root, "..", "shared")
    return os.path.join(shared, "data", "curves", "curves.csv.gz")


def tap(path, tool):
    """The claims of docs/metrics.md that a change must not break."""
    if not os.path.exists(path):
        print("1..0 # SKIP no shared curves")
        return 0
    rows = run([c for c in read(path) if c.kind != "train"], tool, 0)
    numbers = report(rows)["constant horizons"]
    rel, covered = numbers["value"]["rel"], numbers["constant"]["covers"]
    decay = interval([r for r in rows if r[1] != "constant"], reach)["covers"]
    checks = [
        (rel < 0.15, f"forecasts have a tenth of last value's error ({rel})"),
        (0.7 <= covered <= 0.97, f"80 % intervals cover ({covered})"),
        (0.76 <= decay <= 0.88,
         f"so do they when the learning rate decays ({decay})"),
        (numbers["value"]["tasks"] > 150, "on enough tasks"),
    ]
    for number, (good, what) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {what}")
    print(f"1..{len(checks)}")
    return 0 if all(good for good, _ in checks) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("curves", nargs="?", default=shared_curves())
    parser.add_argument("--tool", required=True)
    parser.add_argument("--window", type=float, default=0)
    parser.add_argument("--tap", action="store_true")
    args = parser.parse_args()
    if args.tap:
        sys.exit(tap(args.curves, args.tool))
    rows = run(read(args.curves), args.tool, args.window)
    for name, entry in report(rows).items():
        print(name)
        for method, numbers in entry.items():
            print(f"    {method:9}", json.dumps(numbers))
    unknown = [r for r in rows if r[1] != "constant"]
    print("not constant:", json.dumps(interval(unknown, reach)))
    for kind in sorted({(r[0].source, r[0].kind) for r in rows}):
        for what in (True, False):
            some = [r for r in rows if (r[0].source, r[0].kind) == kind and
                    (r[1] == "constant") == what]
            if some:
                print("   ", *kind, "constant" if what else "not constant",
                      len(some), json.dumps(interval(some, reach)))
    for name, asks, others in across(rows):
        print(f"{name} {asks}")
        for other, numbers in others.items():
            print(f"    {other:14}", json.dumps(numbers))


if __name__ == "__main__":
    main()
