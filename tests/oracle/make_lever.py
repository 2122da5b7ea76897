#!/usr/bin/env python3
"""make_lever.py - expected values of measure/lever.h, by SciPy and statsmodels.

    python3 tests/oracle/make_lever.py > tests/oracle/lever.txt

Needs numpy, scipy and statsmodels. Lines: a word, sizes and inputs, then `=` and
the expected numbers.
"""
# SPDX-License-Identifier: Apache-2.0
import itertools

import numpy as np
import scipy
import statsmodels
from scipy import optimize, stats
from statsmodels.stats.meta_analysis import combine_effects

print(f"# numpy {np.__version__} scipy {scipy.__version__} "
      f"statsmodels {statsmodels.__version__}")
rng = np.random.default_rng(11)


def put(*words):
    print(*(w if isinstance(w, str) else repr(float(w)) for w in words))


def lists(*columns):
    return [v for row in zip(*columns) for v in row]


def noncentral(f, d1, d2, p):
    """lambda with P(F' <= f) = p; 0 when even lambda = 0 lies below."""
    if stats.f.cdf(f, d1, d2) < p:
        return 0.0
    return optimize.brentq(lambda v: stats.ncf.cdf(f, d1, d2, v) - p, 0, 500,
                           xtol=1e-13, rtol=1e-13)


for k, n, effect in ((2, 9, 0.3), (3, 20, 0), (5, 60, 1), (2, 4, 3)):
    level = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    y = 7 + effect * level + rng.normal(size=n)
    groups = [y[level == j] for j in range(k)]
    f, p = stats.f_oneway(*groups)
    within = sum(((g - g.mean()) ** 2).sum() for g in groups)
    total = ((y - y.mean()) ** 2).sum()
    between, ms = total - within, within / (n - k)
    omega = max((between - (k - 1) * ms) / (total + ms), 0)
    lo = noncentral(f, k - 1, n - k, 0.9)
    hi = noncentral(f, k - 1, n - k, 0.1)
    put("oneway", n, k, *lists(y, level), "=", f, p, between / total, omega,
        lo / (lo + n), hi / (hi + n))

# every way to give 3 of 7 runs the second level: the exact permutation test
y = np.array([1.0, 1.3, 0.7, 1.1, 2.0, 1.9, 1.2])
level = np.array([0, 0, 0, 0, 1, 1, 1])


def share(chosen):
    mark = np.zeros(7, bool)
    mark[list(chosen)] = True
    return (mark.sum() * (y[mark].mean() - y.mean()) ** 2 +
            (~mark).sum() * (y[~mark].mean() - y.mean()) ** 2)


every = [share(c) for c in itertools.combinations(range(7), 3)]
put("permute", 7, 2, *lists(y, level), "=",
    np.mean(np.array(every) >= share((4, 5, 6)) * (1 - 1e-12)))

for n, r, c, tie in ((40, 3, 4, 0), (12, 2, 2, 1), (30, 4, 4, 0.8)):
    a = np.concatenate([np.arange(r), rng.integers(0, r, n - r)])
    b = np.where(rng.random(n) < tie, a % c, rng.integers(0, c, n))
    b[:c] = np.arange(c)
    table = np.zeros((r, c))
    np.add.at(table, (a, b), 1)
    put("association", n, r, c, *lists(a, b), "=",
        stats.contingency.association(table.astype(int), method="cramer"))

for blocks, spread in ((1, 0), (4, 0), (6, 1.5)):
    rows = []
    for b in range(blocks):
        shift = spread * rng.normal()
        for lev in (0, 1, 2):
            for _ in range(rng.integers(1 if blocks > 1 else 3, 5)):
                rows.append((rng.normal() * 0.2 + b + (0.5 + shift) * (lev == 2),
                             lev, b))
    y, level, block = np.array(rows).T
    keep = (level == 0) | (level == 2)
    d, w, ss, df = [], [], 0.0, 0
    for b in range(blocks):
        cell = [y[keep & (block == b) & (level == lev)] for lev in (0, 2)]
        d.append(cell[1].mean() - cell[0].mean())
        w.append(1 / (1 / len(cell[0]) + 1 / len(cell[1])))
        ss += sum(((v - v.mean()) ** 2).sum() for v in cell)
        df += len(cell[0]) + len(cell[1]) - 2
    d, w, s2 = np.array(d), np.array(w), ss / df
    if blocks > 1:
        res = combine_effects(d, s2 / w, method_re="dl")
        tau2 = max(res.tau2, 0)
        wr = 1 / (s2 / w + tau2)
        effect, se = (wr * d).sum() / wr.sum(), np.sqrt(1 / wr.sum())
        assert tau2 == 0 or np.isclose(effect, res.mean_effect_re)
    else:
        tau2, effect, se = 0.0, d[0], np.sqrt(s2 / w[0])
    put("matched", len(y), blocks, *lists(y, level, block), "=", effect, se,
        min(df, blocks - 1) if tau2 > 0 else df, np.sqrt(tau2), blocks,
        keep.sum())

cost = np.sort(rng.integers(1, 30, 40)).astype(float)
loss = np.round(rng.normal(size=40), 1)
order = np.lexsort((loss, cost))
cost, loss = cost[order], loss[order]
dominated = [any(cost[j] <= cost[i] and loss[j] <= loss[i] and
                 (cost[j] < cost[i] or loss[j] < loss[i]) for j in range(40))
             for i in range(40)]
put("frontier", 40, *lists(cost, loss), "=", *dominated)

forecast = np.array([3.30, 3.10, 3.25, 3.11, 3.60, 3.18, 3.9, 3.4, 3.2])
sd = np.array([.02, .01, .03, .02, .1, .05, .1, .05, .2])
best = forecast.argmin()
prob = stats.norm.cdf((forecast[best] - 0.01 - forecast) /
                      np.hypot(sd, sd[best]))
prob[best] = 1
keep = int(np.ceil(9 / 3))
stop = (forecast.argsort().argsort() >= keep) & (prob < 0.05)
put("halving", 9, 3, 0.01, 0.05, *lists(forecast, sd), "=", best,
    stop.sum(), 1 - np.prod(1 - prob[stop]), *lists(prob, stop))
