#!/usr/bin/env python3
"""make_forecast.py - expected values of schedules, annealing fits and scores.

    python3 tests/oracle/make_forecast.py > tests/oracle/forecast.txt

Independent of the C code: learning-rate plans are summed step by step, the
three-column fit enumerates its active sets with numpy.linalg.lstsq and is held
against scipy.optimize.least_squares, conformal quantiles are counted out,
scores are written from their definitions in docs/metrics.md.
Lines: a word, its sizes and inputs, then `=` and the expected numbers.
"""
# SPDX-License-Identifier: Apache-2.0
import itertools
import math
import sys

import numpy as np
import scipy
from scipy import optimize, stats


def put(*words):
    print(" ".join(w if isinstance(w, str) else repr(w.item())
                   if isinstance(w, np.generic) else repr(w) for w in words))


def plan_rate(kind, s, warm, start, until, final, power, factor, every):
    """eta / eta_max at the whole steps s, one by one."""
    begin = max(start, warm)
    if kind == "inverse":
        begin = max(begin, 1)
    out = np.ones(len(s))
    for i, step in enumerate(s):
        if step < warm:
            out[i] = step / warm
        elif step > begin:
            p = min((step - begin) / (until - begin), 1) if until else 0
            if kind == "linear":
                out[i] = 1 - (1 - final) * p
            elif kind == "cosine":
                out[i] = final + (1 - final) * (1 + math.cos(math.pi * p)) / 2
            elif kind == "polynomial":
                out[i] = final + (1 - final) * (1 - p) ** power
            elif kind == "sqrt":
                out[i] = final + (1 - final) * (1 - math.sqrt(p))
            elif kind == "inverse":
                out[i] = max(math.sqrt(begin / step), final)
            elif kind == "step":
                out[i] = max(factor ** math.floor((step - begin) / every),
                             final)
    return out


KINDS = ["constant", "linear", "cosine", "polynomial", "inverse", "step",
         "table", "sqrt"]


def plans():
    cases = [
        ("constant", 0, 0, 0, 1, 1, .5, 1), ("constant", 250, 0, 0, 1, 1, .5, 1),
        ("linear", 0, 0, 5000, 0, 1, .5, 1),
        ("linear", 256, 3000, 5100, .1, 1, .5, 1),
        ("linear", 100.5, 2000.25, 4000.75, .05, 1, .5, 1),
        ("cosine", 2160, 0, 72000, .1, 1, .5, 1),
        ("cosine", 0, 0, 1000, 0, 1, .5, 1),
        ("cosine", 10, 500.5, 777.25, .3, 1, .5, 1),
        ("polynomial", 100, 0, 9000, .02, 2, .5, 1),
        ("polynomial", 0, 4000, 9000, 0, .5, .5, 1),
        ("polynomial", 0, 0, 300000, 0, 1.5, .5, 1),
        ("inverse", 4000, 0, 0, 0, 1, .5, 1), ("inverse", 0, 0, 0, .1, 1, .5, 1),
        ("inverse", 100, 2000, 0, .2, 1, .5, 1),
        ("step", 0, 0, 0, 0, 1, .1, 3000), ("step", 500, 0, 0, .01, 1, .5, 777),
        ("sqrt", 100, 4000.5, 5000, .1, 1, .5, 1),
        ("sqrt", 0, 0, 90000, 0, 1, .5, 1),
        ("step", 5, 1000, 0, 0, 1, .97, 40),
    ]
    for kind, *rest in cases:
        last = 400000 if rest[2] >= 70000 else 12000
        steps = np.arange(1, last + 1)
        rate = plan_rate(kind, steps, *rest)
        total = np.array([math.fsum(rate[:k]) for k in
                          (1, 2, 7, 100, 999, 3001, 5000, 9001, last)])
        at = np.array([1, 2, 7, 100, 999, 3001, 5000, 9001, last])
        drop = np.where(at > rest[0], 1 - rate[at - 1], 0)
        put("plan", KINDS.index(kind), *map(float, rest), len(at))
        for s, one, d, r in zip(at, total, drop, rate[at - 1]):
            put(float(s), "=", one, d, r)


def tables():
    rng = np.random.default_rng(3)
    for knots in (1, 2, 9, 60):
        step = np.sort(rng.choice(np.arange(1, 5000), knots, replace=False))
        step = step.astype(float)
        if knots == 9:
            step = step + .37
        rate = 3e-4 * rng.uniform(0, 1, knots)
        every = np.interp(np.arange(1, 6001), step, rate) / rate.max()
        put("table", knots)
        for s, r in zip(step, rate):
            put(s, r)
        at = [1, 5, 50, 499, 1234, 3000, 4999, 6000]
        put(len(at))
        warm = step[np.argmax(rate >= .999 * rate.max())]
        for s in at:
            put(float(s), "=", math.fsum(every[:s]),
                1 - every[s - 1] if s > warm else 0.0, every[s - 1])


# --- the annealing fit ------------------------------------------------------
NODES = {"pow3": np.geomspace(.03, 3, 40), "invlog3": np.geomspace(.01, 100, 40)}
SHAPE = {"pow3": lambda u, t: u ** -t, "invlog3": lambda u, t: 1 / np.log1p(u / t)}


def solve(g, d, y, w, floor, ridge, c0):
    """Weighted least squares of y = E + A g - C d, bounds by enumeration."""
    best = None
    x = np.stack([np.ones(len(g)), g, -d], 1) * np.sqrt(w)[:, None]
    target = y * np.sqrt(w)
    if ridge is not None and np.isfinite(ridge) and ridge > 0:
        x = np.vstack([x, [0, 0, math.sqrt(ridge)]])
        target = np.append(target, math.sqrt(ridge) * c0)
    low = np.array([floor, 0.0, 0.0])
    for held in itertools.product([False, True], repeat=3):
        held = np.array(held)
        if held[0] and not np.isfinite(floor):
            continue
        p = low.copy()
        if ridge is not None and np.isinf(ridge):
            held[2], p[2] = True, max(c0, 0)
        rest = target - x[:, held] @ p[held]
        if (~held).any():
            p[~held] = np.linalg.lstsq(x[:, ~held], rest, rcond=None)[0]
        if (p[1:] < -1e-13).any() or p[0] < floor - 1e-13:
            continue
        cost = np.sum((target - x @ p) ** 2)
        if best is None or cost < best[1] - 1e-15 * max(best[1], 1e-30):
            best = p, cost
    return best


def anneal(family, s1, d, y, n, floor, prior):
    u, w = s1 / s1[-1], n.copy()
    shape, nodes, typical = SHAPE[family], NODES[family], np.median(n)
    c0, tau = prior if prior else (0, 1)
    tau *= 2.5 if d[-1] > .1 else 1
    ridge = math.inf if prior else None
    for _ in range(5):
        found = [solve(shape(u, t), d, y, w, floor, ridge, c0) for t in nodes]
        at = int(np.argmin([f[1] for f in found]))
        theta, p = nodes[at], found[at][0]
        r = (y - p[0] - p[1] * shape(u, theta) + p[2] * d) * np.sqrt(n / typical)
        scale = 1.4826 * np.median(abs(r))
        w = n * np.minimum(1, 1.345 * scale / np.maximum(abs(r), 1e-300))
        ridge = scale ** 2 * typical / tau ** 2 if prior else None
    step, best = .12, solve(shape(u, theta), d, y, w, floor, ridge, c0)
    while step >= .003:
        tries = [np.clip(theta * math.exp(k), nodes[0], nodes[-1])
                 for k in (step, -step)]
        better = False
        for t in tries:
            new = solve(shape(u, t), d, y, w, floor, ridge, c0)
            if new[1] < best[1]:
                best, theta, better = new, t, True
        step = step if better else step / 2
    check(shape, u, d, y, w, floor, ridge, c0, theta, best, nodes)
    return theta, best[0], scale, w


def check(shape, u, d, y, w, floor, ridge, c0, theta, best, nodes):
    """A search without a grid finds nothing better by more than 2e-3."""
    def residual(p):
        r = np.sqrt(w) * (y - p[0] - p[1] * shape(u, math.exp(p[3])) +
                          p[2] * d)
        return np.append(r, math.sqrt(ridge) * (p[2] - c0)) if ridge else r
    start = np.array([max(best[0][0], floor + 1e-6), best[0][1] + 1e-6,
                      best[0][2] + 1e-6, math.log(theta)])
    low = [floor, 0, 0, math.log(nodes[0]) - 1e-9]
    high = [np.inf, np.inf, np.inf, math.log(nodes[-1]) + 1e-9]
    start[3] = np.clip(start[3], low[3] + 1e-6, high[3] - 1e-6)
    free = optimize.least_squares(residual, start, bounds=(low, high),
                                  xtol=1e-14, ftol=1e-14, gtol=1e-14)
    excess = best[1] / (2 * free.cost) - 1
    if excess > 2e-3:
        sys.exit(f"oracle: cost {excess:.2e} above least_squares")


def anneals():
    rng = np.random.default_rng(11)
    for k in range(24):
        family = ("pow3", "invlog3")[k % 2]
        n, last = 90, 6000
        every = plan_rate("linear", np.arange(1, last + 1), 100, 3500, last,
                          (0, .1)[k % 3 == 0], 1, 1, 1)
        sums = np.cumsum(every)
        end = (2400, 3500, 4200, 5000, 6000)[k % 5]
        at = np.linspace(.1 * end, end, n).astype(int)
        s1, d = sums[at - 1], np.where(at > 100, 1 - every[at - 1], 0)
        truth = 2.9 + .5 * (s1 / s1[-1]) ** -.5 - .13 * d
        y = truth + (.01, .002, .05)[k % 3] * rng.standard_normal(n)
        if k % 4 == 1:
            y[10:14] += .4
        w = (np.ones(n), rng.integers(1, 60, n).astype(float))[k % 2]
        prior = (.12 + .01 * (k % 3), .02) if k % 6 else None
        floor = (0, 3.2, -np.inf)[(k // 2) % 3]
        if prior is None and np.ptp(d) == 0:
            prior = (.1, .05)
        theta, p, scale, _ = anneal(family, s1, d, y, w, floor, prior)
        put("anneal", family, n, float(max(floor, -1e300)),
            *(prior or (-1.0, -1.0)))
        for row in zip(s1, d, y, w):
            put(*row)
        put("=", theta, *p, scale)


# --- conformal intervals and scores -----------------------------------------
def upper(error, group, level):
    """Smallest error with enough weight at or below it, by counting."""
    n = len(set(group))
    p = math.ceil(round((n + 1) * (1 + level) / 2, 9)) / n
    if p > 1:
        return None
    weight = {e: 0.0 for e in error}
    for e, g in zip(error, group):
        weight[e] += 1 / group.count(g) / n
    return min(e for e in error
               if sum(w for f, w in weight.items() if f <= e) >= p - 1e-9)


def conformals():
    rng = np.random.default_rng(5)
    for n_groups, level in ((8, .8), (9, .8), (14, .8), (23, .8), (40, .95)):
        group = [g for g in range(n_groups)
                 for _ in range(int(rng.integers(1, 5)))]
        rng.shuffle(group)
        group = [int(g) for g in group]
        error = [float(e) for e in rng.standard_normal(len(group)) - .3]
        hi = upper(error, group, level)
        lo = upper([-e for e in error], group, level)
        put("cross", level, len(group))
        for e, g in zip(error, group):
            put(e, g)
        put("=", -1 if hi is None else n_groups, hi or 0.0,
            -lo if lo is not None else 0.0)
        own = sorted(map(abs, error))[:n_groups]
        rank = math.ceil(round((n_groups + 1) * level, 9))
        put("own", level, n_groups, *own, "=",
            own[rank - 1] if rank <= n_groups else -1.0)
        at = float(rng.standard_normal())
        share = sum((e < at) / group.count(g)
                    for e, g in zip(error, group)) / n_groups
        put("pit", at, "=", share)


def relative(group, logs, level):
    """Student's t of the groups' means, by scipy.stats."""
    inside = [logs[group == g].mean() for g in sorted(set(group))]
    low, high = stats.t.interval(level, len(inside) - 1, np.mean(inside),
                                 stats.sem(inside))
    return np.exp(low), np.exp(high)


def scores():
    rng = np.random.default_rng(8)
    for level in (.8, .9):
        n = 60
        group = rng.integers(0, 13, n)
        truth = rng.uniform(2, 4, n)
        forecast = truth + .05 * rng.standard_normal(n)
        last = truth + .2 * rng.uniform(.1, 1, n)
        line = truth + .1 * rng.standard_normal(n)
        half = rng.uniform(.01, .12, n)
        lo, hi = forecast - half, forecast + .7 * half
        pit = rng.uniform(0, 1, n)
        put("score", level, n)
        for row in zip(group, forecast, truth, last, line, lo, hi, pit):
            put(*row)
        def over(values):
            inside = [values[group == g].mean() for g in sorted(set(group))]
            return np.mean(inside), np.median(inside)
        wide = np.where(truth < lo, 2 / (1 - level) * (lo - truth), 0) + \
            np.where(truth > hi, 2 / (1 - level) * (truth - hi), 0) + hi - lo
        put("=", np.exp(over(np.log(abs(truth - forecast) /
                                    abs(truth - last)))[0]),
            np.exp(over(np.log(abs(truth - forecast) /
                               abs(truth - line)))[0]),
            *over(abs(truth - forecast)),
            over(abs(np.log(forecast / truth)))[0],
            over(truth - forecast)[0],
            over(((lo <= truth) & (truth <= hi)).astype(float))[0],
            over(hi - lo)[0], over((truth < lo).astype(float))[0],
            over((truth > hi).astype(float))[0], over(wide)[0], over(pit)[0],
            *relative(group, np.log(abs(truth - forecast) / abs(truth - last)),
                      level))


def draws():
    """Paths of errors: when each first reaches the target, in ln x."""
    rng = np.random.default_rng(13)
    places, count = 12, 30
    x = np.geomspace(1000, 5000, places)
    forecast = 3 - .2 * np.log(x / 1000)
    error = np.cumsum(.02 * rng.standard_normal((count, places)), 1)
    weight = rng.integers(1, 4, count) / 3
    for target in (2.95, 2.8, 2.65, 2.0):
        times = []
        for path in forecast + error:
            hit = np.nonzero(path <= target)[0]
            if not len(hit):
                times.append(math.inf)
            elif hit[0] == 0:
                times.append(x[0])
            else:
                k = hit[0]
                share = (path[k - 1] - target) / (path[k - 1] - path[k])
                times.append(x[k - 1] * (x[k] / x[k - 1]) ** share)
        times = np.array(times)
        order = np.argsort(times, kind="stable")
        mass = np.cumsum(weight[order]) / weight.sum()
        quantile = [times[order][np.searchsorted(mass, p - 1e-9)]
                    for p in (.1, .5, .9)]
        clip = lambda v: min(max(v, 1 / 11), 10 / 11)
        put("draws", target, count, places)
        for row in zip(x, forecast):
            put(*row)
        for w, row in zip(weight, error):
            put(w, *row)
        put("=", *[q if np.isfinite(q) else -1.0 for q in quantile],
            clip(weight[times <= x[7]].sum() / weight.sum()),
            clip(weight[(forecast + error)[:, 7] <= target].sum() /
                 weight.sum()))


def main():
    put(f"# numpy {np.__version__} scipy {scipy.__version__}")
    plans()
    tables()
    anneals()
    conformals()
    scores()
    draws()
    put("end")


if __name__ == "__main__":
    main()
