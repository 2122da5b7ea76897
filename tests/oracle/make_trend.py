#!/usr/bin/env python3
"""make_trend.py - expected values of measure/trend.h: SciPy for slopes and p-values,
every order of a short series for its exact interval.

    python3 tests/oracle/make_trend.py > tests/oracle/trend.txt
"""
# SPDX-License-Identifier: Apache-2.0
import itertools

import numpy as np
import scipy
from scipy import stats

print(f"# numpy {np.__version__} scipy {scipy.__version__}")
rng = np.random.default_rng(5)


def put(*words):
    print(*(w if isinstance(w, str) else repr(float(w)) for w in words))


def kendall_s(y):
    return sum(np.sign(y[i] - y[j]) for i in range(len(y)) for j in range(i))


def pairs_of(t, y):
    return np.sort([(y[i] - y[j]) / (t[i] - t[j]) for i in range(len(y))
                    for j in range(i) if t[i] != t[j]])


def exact(t, y, level):
    """The narrowest interval of order statistics with at least the level, which
    every order of the values covers as often as it should."""
    slopes, n = pairs_of(t, y), len(y)
    every = np.array([kendall_s(p) for p in itertools.permutations(range(n))])
    best = (np.nan, np.nan, np.nan)
    for k in range(len(slopes) // 2):
        # left out when at most k slopes are on one side
        tail = np.mean(every >= len(slopes) - 2 * k)
        if tail <= (1 - level) / 2:
            best = (slopes[k], slopes[-1 - k], 1 - 2 * tail)
    return best


for n, level in ((2, 0.8), (3, 0.8), (4, 0.8), (5, 0.95), (6, 0.8), (7, 0.5),
                 (8, 0.8), (8, 0.99)):
    t = np.cumsum(1 + rng.integers(0, 3, n)).astype(float)
    y = 0.3 * t + rng.normal(size=n)
    p = stats.kendalltau(t, y, method="exact").pvalue
    slope = stats.theilslopes(y, t).slope
    put("trend", n, level, *t, *y, "=", slope, *exact(t, y, level),
        kendall_s(y), p, 1)

for n in (20, 50):
    t, y = np.arange(n) + 1.0, rng.normal(size=n)
    put("ends", n, *t, *y, "=", stats.theilslopes(y, t).slope,
        stats.kendalltau(t, y, method="exact").pvalue)

for n in (6, 30, 80):
    t = rng.integers(0, n // 2, n).astype(float)
    y = np.round(0.1 * t + rng.normal(size=n), 1)
    slopes = pairs_of(t, y)
    ties = sum(c * (c - 1) * (2 * c + 5) for v in (t, y)
               for c in np.unique(v, return_counts=True)[1])
    got = stats.kendalltau(t, y, method="asymptotic")
    s = sum(np.sign((y[i] - y[j]) * (t[i] - t[j])) for i in range(n)
            for j in range(i))
    # SciPy's z gives back the standard deviation of S
    sd = abs(s) / stats.norm.isf(got.pvalue / 2)
    k = int(np.floor((len(slopes) - stats.norm.ppf(0.9) * sd) / 2)) - 1
    put("trend", n, 0.8, *t, *y, "=", np.median(slopes), slopes[k],
        slopes[-1 - k], 0.8, s, got.pvalue, 0)
