#!/usr/bin/env python3
"""verdict_check.py - how often verdicts are right, and how often they are not.

    verdict_check.py [--km build/km] [--runs 40] [--seed 1] [CURVES.csv.gz]

Plants one fault each in generated runs and counts how many are found, and how
late; counts what is found where nothing is wrong: in generated runs without a
fault and on curves that others published. Everything goes through the product:
import, then `km report --json`.

Generated: 4,000 steps of E + A (x/1000)^-a, noise that is normal, autocorrelated
(AR 0.8), heavy-tailed (Student's t with 3 degrees of freedom) or Laplace; the rate
constant, cosine, or stable and then falling linearly to zero, each with the drop of
loss that a falling rate brings. Of the runs without a fault a quarter raise their rate
again, and of the others half do not log it.
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import collections
import json
import math
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile

import backtest
import velocity_check

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from runs_folder import RunsFolder  # pylint: disable=wrong-import-position

VERDICTS = ("nonfinite", "spike", "diverged", "plateau", "overfitting",
            "underfitting", "memorising", "stalled", "regime_change")
REPORT_RUNS_MAX = 64
WORTH = .01  # the gain that makes an end too early, as a share of the level
STEPS, EVAL_EVERY, STEP_SECONDS, EPOCH = 4000, 100, 0.5, 400
NOISES = ("normal", "ar", "t3", "laplace")
RATES = ("constant", "cosine", "wsd")  # and "again": raised once more


def unit_noise(kind, dice, count):
    """Noise with a standard deviation of about one."""
    last, out = 0.0, []
    for _ in range(count):
        z = dice.gauss(0, 1)
        if kind == "ar":
            last = 0.8 * last + 0.6 * z
            z = last
        elif kind == "t3":
            z /= math.sqrt(dice.gammavariate(1.5, 2) / 3) * math.sqrt(3)
        elif kind == "laplace":
            z = dice.expovariate(math.sqrt(2)) * dice.choice((-1, 1))
        out.append(z)
    return out


def rate_of(kind, x, steps):
    warm = min(1.0, x / 100)
    p = x / steps
    if kind == "cosine":
        return warm * (1 + math.cos(math.pi * p)) / 2
    if kind == "again":  # down to a tenth, then up again
        return warm * (1 if p < .3 or p >= .55 else
                       max(.1, 1 - (p - .3) / .1 * .9) if p < .5 else
                       .1 + .9 * (p - .5) / .05)
    if kind == "wsd":
        return warm * min(1.0, (1 - p) / 0.2)
    return warm


class Run:
    """A run in the making: curves by step, then a fault in them."""

    def __init__(self, dice, noise=None, rate=None, steps=STEPS):
        self.dice, self.steps = dice, steps
        self.noise = noise or dice.choice(NOISES)
        self.rate = rate or dice.choice(RATES)
        e, a, k = dice.uniform(1.5, 3), dice.uniform(.6, 1.2), dice.uniform(.3, .6)
        sigma = dice.uniform(.02, .06)
        self.sigma = sigma
        self.form = lambda x: e + a * (max(x, 5) / 1000) ** -k
        self.lr = [rate_of(self.rate, x, steps) for x in range(1, steps + 1)]
        top, self.base = 0.0, []
        for x in range(1, steps + 1):
            top = max(top, self.lr[x - 1])
            drop = 0 if x <= 100 else 1 - self.lr[x - 1] / top
            self.base.append(self.form(x) - .12 * drop)
        self.extra = unit_noise(self.noise, dice, steps)
        self.valid_extra = [0.0] * steps
        self.times = [STEP_SECONDS * x * 1.0 for x in range(1, steps + 1)]
        self.shift = [0.0] * steps
        self.nan_from = None
        self.at = None  # where the fault is
        self.logged = True  # the rate
        self.gap = .03  # validation over training

    def coming(self):
        """Gain over 25 % more steps as a share of the level."""
        return 1 - self.form(1.25 * self.steps) / self.form(self.steps)

    def curves(self):
        train = [b + s + self.sigma * z
                 for b, s, z in zip(self.base, self.shift, self.extra)]
        if self.nan_from is not None:
            for i in range(self.nan_from, self.steps):
                train[i] = math.nan
        t = [v + self.dice.gauss(0, .002) for v in self.times]
        out = {"train/loss": [(x + 1, t[x], train[x]) for x in range(self.steps)]}
        if self.logged:
            out["lr"] = [(x + 1, t[x], self.lr[x]) for x in range(self.steps)]
        out["epoch"] = [(x + 1, t[x], x / EPOCH) for x in range(self.steps)]
        out["val/loss"] = [
            (x, t[x - 1], self.base[x - 1] + self.shift[x - 1] * .9 + self.gap +
             self.valid_extra[x - 1] + self.dice.gauss(0, .003))
            for x in range(EVAL_EVERY, self.steps + 1, EVAL_EVERY)]
        return out


def healthy(dice):
    run = Run(dice, rate=dice.choice(RATES + ("again",)))
    run.logged = run.rate == "again" or dice.random() < .5
    return run


def nonfinite(dice):
    run = Run(dice)
    run.at = run.nan_from = dice.randrange(500, 3900)
    run.at += 1
    return run


def spike(dice):
    run = Run(dice)
    at, length = dice.randrange(400, 3800), dice.randrange(8, 40)
    height = dice.uniform(.3, 1.5)
    for i in range(at, at + length):
        run.shift[i] += height * (1 - (i - at) / length) ** .5
    run.at = at + 1
    return run


def diverged(dice):
    run = Run(dice)
    at, over = dice.randrange(600, 3000), dice.randrange(50, 400)
    height = run.base[20] - run.base[at]
    for i in range(at, run.steps):
        run.shift[i] += height * min(1, (i - at) / over)
    run.at = at + 1
    return run


def plateau(dice):
    run = Run(dice, rate="constant")
    run.at = at = dice.randrange(800, 1600)
    run.base[at:] = [run.base[at]] * (run.steps - at)
    run.sigma *= .5
    return run


def overfitting(dice):
    run = Run(dice)
    run.at = at = dice.randrange(800, 2400)
    slope = dice.uniform(.1, .4)
    for i in range(at, run.steps):
        run.valid_extra[i] += slope * math.log((i + 1) / at) + \
            run.base[at] - run.base[i]
    return run


def underfitting(dice):
    while True:
        run = Run(dice, rate="constant")
        run.at, run.gap = run.steps, .005
        if run.coming() > .015:
            return run


def memorising(dice):
    run = Run(dice, rate="constant")
    drop, best = dice.uniform(.12, .3), run.base[2 * EPOCH]
    for i in range(run.steps):
        epoch = i // EPOCH
        fallen = drop * max(0, epoch - 1)
        run.shift[i] -= fallen
        run.valid_extra[i] += .9 * fallen + \
            (max(0, best - run.base[i]) if epoch >= 2 else 0)
    run.at = 2 * EPOCH + 1
    return run


def stalled(dice):
    run = Run(dice)
    run.at = at = dice.randrange(200, 3900)
    gap = dice.uniform(40, 2000)
    for i in range(at, run.steps):
        run.times[i] += gap
    return run


def regime_change(dice):
    run = Run(dice)
    run.at = at = dice.randrange(800, 2400)
    level, slope = dice.uniform(.25, .6), dice.uniform(.15, .5)
    jump = dice.random() < .5
    for i in range(at, run.steps):
        run.shift[i] += level if jump else slope * math.log((i + 1) / at) + \
            run.base[at] - run.base[i]
    return run


FAULTS = {f.__name__: f for f in (
    nonfinite, spike, diverged, plateau, overfitting, underfitting, memorising,
    stalled, regime_change)}


def public(path):
    """(name, {metric: rows}, config) of published runs; all of them healthy."""
    runs = collections.defaultdict(dict)
    for curve in backtest.read(path):
        base = f"{curve.source} {curve.name.rsplit('#', 1)[0]}" \
            if curve.source == "mng" else f"{curve.source} {curve.kind} {curve.name}"
        runs[base][curve.kind] = curve
    for name, kinds in runs.items():
        metrics, config = {}, {}
        for kind, curve in kinds.items():
            metric = "train/loss" if kind == "train" else "val/loss"
            metrics[metric] = [(int(x), .5 * x, y)
                               for x, y in zip(curve.x, curve.y)]
            config["max_steps"] = int(curve.planned)
            if curve.plan and "lr" not in metrics:
                metrics["lr"] = [(max(1, int(s)), .5 * s, r)
                                 for s, r in curve.plan]
        yield name, metrics, config


def ended(path):
    """(metrics, config, step, gain that came): published curves cut off while
    their rate is constant, as if that had been the plan, and what 25 % more steps
    brought, as a share of the level."""
    for curve, _, n, now, later in velocity_check.cases(backtest.read(path)):
        metric = "train/loss" if curve.kind == "train" else "val/loss"
        rows = [(int(x), .5 * x, y) for x, y in zip(curve.x[:n], curve.y[:n])]
        rates = [(max(1, int(s)), .5 * s, r) for s, r in curve.plan if s <= now]
        rates.append((int(now), .5 * now, velocity_check.rate_at(curve.plan, now)))
        level = velocity_check.value_at(curve, now)
        came = (level - velocity_check.value_at(curve, later)) / level
        yield {metric: rows, "lr": rates}, {"max_steps": int(now)}, now, came


def judge(program, root, names):
    """{run name: {verdict: figure}} of the runs of a folder."""
    store, out = os.path.join(root, "store"), {}
    subprocess.run([program, "import", os.path.join(root, "mlruns"), "--store",
                    store, "--quiet"], check=True)
    for at in range(0, len(names), REPORT_RUNS_MAX):
        some = names[at:at + REPORT_RUNS_MAX]
        done = subprocess.run([program, "report", *some, "--store", store,
                               "--json"], check=True, stdout=subprocess.PIPE,
                              text=True)
        cards = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(cards) == len(some), (len(cards), len(some))
        for name, card in zip(some, cards):
            assert card["run"].endswith("/" + name), (card["run"], name)
            out[name] = {f["id"].split(".", 1)[1]: f for f in card["figures"]
                         if f["id"].startswith("verdict.")}
    return out


def episodes(figure):
    if figure["value"] is None:
        return 0
    many = re.match(r"(\d+), the last", figure["reason"])
    return int(many[1]) if many else 1


def measure(program, runs, seed, path):
    """One row a verdict, and what was found in healthy runs."""
    dice, planted, steps = random.Random(seed), {}, collections.Counter()
    order = []
    with tempfile.TemporaryDirectory() as root:
        folder = RunsFolder(root)
        for fault, make in FAULTS.items():
            for i in range(runs):
                run = make(dice)
                planted[f"{fault}-{i}"] = run
                config = {"num_train_epochs": run.steps // EPOCH}
                folder.add(f"{fault}-{i}", config, run.curves())
                order.append(f"{fault}-{i}")
        for i in range(3 * runs):
            run = planted[f"healthy-{i}"] = healthy(dice)
            folder.add(f"healthy-{i}", {}, run.curves())
            order.append(f"healthy-{i}")
            steps[f"healthy-{i}"] = STEPS
        names = {}
        for i, (name, metrics, config) in enumerate(public(path) if path else ()):
            names[f"public-{i}"] = name
            folder.add(f"public-{i}", config, metrics)
            order.append(f"public-{i}")
            steps[f"public-{i}"] = max(rows[-1][0] for rows in metrics.values())
        came = {}
        for i, (metrics, config, now, gain) in enumerate(
                ended(path) if path else ()):
            folder.add(f"ended-{i}", config, metrics)
            order.append(f"ended-{i}")
            came[f"ended-{i}"], steps[f"ended-{i}"] = gain, now
        found = judge(program, root, order)
    rows = {}
    for verdict in VERDICTS:
        of = [(planted[n], f[verdict]) for n, f in found.items()
              if n.startswith(verdict + "-")]
        hits = [(r, f) for r, f in of if f["value"] is not None]
        rows[verdict] = {
            "runs": len(of), "found": len(hits),
            "late": statistics.median([f["window"]["to"] - r.at
                                       for r, f in hits] or [math.nan]),
            "onset": statistics.median([f["value"] - r.at
                                        for r, f in hits] or [math.nan])}
        for kind in ("generated", "public"):
            prefix = "healthy-" if kind == "generated" else "public-"
            some = [(n, f[verdict]) for n, f in found.items()
                    if n.startswith(prefix)]
            if verdict == "underfitting" and kind == "public":
                some = [(n, found[n][verdict]) for n, gain in came.items()
                        if gain < WORTH]
                rows[verdict]["true"] = [
                    found[n][verdict]["value"] is not None
                    for n, gain in came.items() if gain >= 1.5 * WORTH]
            elif verdict == "underfitting":  # true of many that are not ill
                some = [(n, f) for n, f in some if planted[n].coming() < WORTH]
            if verdict == "stalled" and kind == "public":
                some = []  # their times are not in the data
            alarms = [(names.get(n, n), f) for n, f in some
                      if f["value"] is not None]
            judged = [n for n, f in some if f["state"] in ("OK", "QUIET")]
            rows[verdict][kind] = {
                "runs": len(some), "judged": len(judged), "alarmed": len(alarms),
                "alarms": sum(episodes(f) for _, f in alarms),
                "steps": sum(steps[n] for n in judged),
                "which": [(n, f["value"], f["reason"]) for n, f in alarms]}
    return rows


def rate(of):
    """False alarms per 1,000 steps of the runs that were judged."""
    return 1000 * of["alarms"] / of["steps"] if of["steps"] else math.nan


def cell(of):
    many = f"{of['alarms']} in {of['judged']} runs, {of['steps'] / 1000:.0f} k"
    return many if of["judged"] else "none judged"


def report(rows, verbose):
    print("| verdict | found | seen after, median | onset off by, median | "
          "false alarms, generated | false alarms, public | per 1,000 steps |\n"
          "|---|---:|---:|---:|---:|---:|---:|")
    for verdict, row in rows.items():
        g, p = row["generated"], row["public"]
        both = {k: g[k] + p[k] for k in ("alarms", "steps")}
        print(f"| {verdict} | {row['found']} of {row['runs']} | "
              f"{row['late']:.0f} | {row['onset']:.0f} | {cell(g)} | {cell(p)} | "
              f"{rate(both):.4f} |")
        if row.get("true"):
            print(f"# public curves cut off: {sum(row['true'])} of "
                  f"{len(row['true'])} found that gained 1.5 % or more")
        for kind in ("generated", "public"):
            for name, value, reason in row[kind]["which"][:verbose]:
                print(f"#   {name}: {value:.0f}: {reason}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("curves", nargs="?", default=backtest.shared_curves())
    parser.add_argument("--km", default=os.path.join(ROOT, "build", "km"))
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", type=int, default=0)
    args = parser.parse_args()
    path = args.curves if os.path.exists(args.curves) else None
    report(measure(os.path.abspath(args.km), args.runs, args.seed, path),
           args.verbose)


if __name__ == "__main__":
    main()
