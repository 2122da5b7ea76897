#!/usr/bin/env python3
"""velocity_check.py - predicted over actual gain on curves that others published.

    velocity_check.py --tool build/tests/tools/velocity_curves [CURVES.csv.gz]
    velocity_check.py --tool ... --tap    as a test; skips without the curves

At 20, 40, 60 and 80 % of the planned steps the product sees a curve up to there
and predicts the gain over the next 25 % of steps. The gain that came is that of
the evaluations, straight lines in ln step between them; of a training loss, means
over a tenth of ln step on both sides. Only origins whose learning rate is constant
from the start of the widest window (0.4 of the origin) to the end of the
prediction count. Ratios are averaged (geometric mean) inside a configuration
group, then the median over groups stands. Schedules as in backtest.py.
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import bisect
import collections
import json
import math
import os
import statistics
import subprocess
import sys

import backtest

ORIGINS, AHEAD, WINDOW = (.2, .4, .6, .8), 1.25, .4


def rate_at(plan, step):
    """The planned rate; nan without a plan."""
    if not plan:
        return math.nan
    i = bisect.bisect_left([k[0] for k in plan], step)
    if i == 0 or i == len(plan):
        return plan[min(i, len(plan) - 1)][1]
    (a, ra), (b, rb) = plan[i - 1], plan[i]
    return ra + (rb - ra) * (step - a) / (b - a) if b > a else rb


def constant(plan, low, high):
    inside = [r for s, r in plan if low < s < high]
    rates = [rate_at(plan, low), rate_at(plan, high)] + inside
    return bool(plan) and max(rates) - min(rates) <= 1e-3 * max(rates)


def value_at(curve, step):
    """Between the evaluations around, in ln step; a mean of a training loss."""
    if curve.kind == "train":
        low = bisect.bisect_left(curve.x, step / 1.05)
        high = bisect.bisect_right(curve.x, step * 1.05)
        return statistics.fmean(curve.y[low:high])
    i = bisect.bisect_left(curve.x, step)
    if curve.x[i] == step or i == 0:
        return curve.y[i]
    a, b = curve.x[i - 1], curve.x[i]
    share = math.log(step / a) / math.log(b / a)
    return curve.y[i - 1] + share * (curve.y[i] - curve.y[i - 1])


def cases(curves):
    for curve in curves:
        for origin in ORIGINS:
            n = bisect.bisect_right(curve.x, origin * curve.planned)
            if n < 2:
                continue
            now, later = curve.x[n - 1], curve.x[n - 1] * AHEAD
            edge = 1.05 if curve.kind == "train" else 1
            if later * edge <= curve.x[-1] and constant(curve.plan, WINDOW * now,
                                                        later):
                yield curve, origin, n, now, later


def feed(case, other=None):
    curve, _, n, _, later = case
    metric = "train_loss" if curve.kind == "train" else "val_loss"
    rows = [f"curve {metric} {n} {later!r} {len(other.x) if other else 0}"]
    rows += [f"{x!r} {y!r} {rate_at(curve.plan, x)!r}"
             for x, y in zip(curve.x[:n], curve.y[:n])]
    if other:
        rows += [f"{x!r} {y!r} {rate_at(other.plan, x)!r}"
                 for x, y in zip(other.x, other.y)]
    return "\n".join(rows)


def ask(chosen, tool, others=None):
    """What the tool says of each case."""
    others = others or [None] * len(chosen)
    out = subprocess.run([tool], input="\n".join(map(feed, chosen, others)) + "\n",
                         text=True, stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def measure(curves, tool):
    """(class, group, origin, {method: predicted over actual})."""
    chosen = list(cases(curves))
    rows = []
    for case, found in zip(chosen, ask(chosen, tool)):
        curve, origin, _, now, later = case
        gained = value_at(curve, now) - value_at(curve, later)
        if found["fitted"] and gained > 0:
            rows.append((f"{curve.source} {curve.kind}", curve.group, origin,
                         {k: found[k] / gained
                          for k in ("gain", "invlog3", "line", "local")
                          if found[k] > 0}))
    return rows


def pairs(curves, tool):
    """Training losses of two runs of one configuration: the same batches."""
    train = [c for c in curves if c.kind == "train"]
    chosen, others = [], []
    for case in cases(train):
        for other in train:
            if other.group == case[0].group and other is not case[0] and \
                    other.planned == case[0].planned:
                chosen.append(case)
                others.append(other)
                break
    every = ask(chosen, tool, others)
    found = [f for f in every if "correlation" in f]
    median = statistics.median
    print(f"\nnoise shared with a run of the same batches: {len(found)} of "
          f"{len(chosen)} origins, residual correlation "
          f"{median(f['correlation'] for f in found):.4f}, beta "
          f"{median(f['beta'] for f in found):.3f}")
    for name, key in (("before the error of the reference", "paired_se"),
                      ("with it", "se")):
        ratio = sorted(f["plain_se"] / f[key] for f in found)
        print(f"standard error {name}: 1/{median(ratio):.1f} of the plain one "
              f"(1/{ratio[0]:.1f} to 1/{ratio[-1]:.1f})")


def over_groups(rows, method):
    groups = collections.defaultdict(list)
    for _, group, _, ratios in rows:
        if method in ratios:
            groups[group].append(math.log(ratios[method]))
    return [math.exp(statistics.fmean(v)) for v in groups.values()]


def summary(rows, method):
    """Median over groups, 10 % and 90 % of single ratios, groups."""
    means = over_groups(rows, method)
    every = sorted(r[3][method] for r in rows if method in r[3])
    if not means:
        return math.nan, math.nan, math.nan, 0
    cut = [every[min(int(p * len(every)), len(every) - 1)] for p in (.1, .9)]
    return statistics.median(means), *cut, len(means)


def table(rows):
    print("| curves | origins | groups | pow3 (learn.velocity) | actual over "
          "predicted 10-90 % | invlog3 | straight line of v | local |")
    print("|---|---|---|---|---|---|---|---|")
    for name in sorted({r[0] for r in rows}):
        for origin in (*ORIGINS, None):
            some = [r for r in rows if r[0] == name and origin in (None, r[2])]
            if not some:
                continue
            mid, low, high, n = summary(some, "gain")
            rest = [summary(some, m)[0] for m in ("invlog3", "line", "local")]
            print(f"| {name} | {f'{origin:.0%}' if origin else 'all'} | {n} | "
                  f"{mid:.3f} | {1 / high:.2f}-{1 / low:.2f} | " +
                  " | ".join(f"{v:.2f}" for v in rest) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tool", required=True)
    parser.add_argument("--tap", action="store_true")
    parser.add_argument("curves", nargs="?", default=os.path.join(
        os.path.dirname(os.path.abspath(__file__)),
        "../../shared/data/curves/curves.csv.gz"))
    args = parser.parse_args()
    if not os.path.exists(args.curves):
        print("1..0 # SKIP the shared curves are not here")
        return 0
    curves = backtest.read(args.curves)
    rows = measure(curves, args.tool)
    if not args.tap:
        table(rows)
        pairs(curves, args.tool)
        return 0
    good = True
    for at, name in enumerate(("mng val", "mpl val"), 1):
        mid, _, _, groups = summary([r for r in rows if r[0] == name], "gain")
        fine = .9 <= mid <= 1.1 and groups >= 2
        good &= fine
        print(f"{'ok' if fine else 'not ok'} {at} - predicted over actual gain "
              f"of {name} is {mid:.3f} over {groups} groups, within 0.90 and 1.10")
    print("1..2")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
