#!/usr/bin/env python3
"""make_transfer.py - expected values of measure/transfer.h, by NumPy and SciPy.

    python3 tests/oracle/make_transfer.py > tests/oracle/transfer.txt
"""
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import scipy
from scipy import integrate

print(f"# numpy {np.__version__} scipy {scipy.__version__}")
rng = np.random.default_rng(17)


def put(*words):
    print(*(w if isinstance(w, str) else repr(float(w)) for w in words))


def at(x, y, where):
    return np.interp(where, x, y, left=np.nan, right=np.nan)


def area(x, y, start, end):
    places = np.unique(np.concatenate(
        [[start, end], x[(x > start) & (x < end)]]))
    return integrate.trapezoid(at(x, y, places), places)


def reach(x, y, level):
    """First x of a falling curve at the level, linear in ln x; its last without."""
    below = np.nonzero(y <= level)[0]
    if not len(below):
        return x[-1], 0, 0
    i = below[0]
    if i == 0:
        return x[0], 1, 1
    share = (y[i - 1] - level) / (y[i - 1] - y[i])
    return np.exp(np.log(x[i - 1]) + share * np.log(x[i] / x[i - 1])), 1, 0


for n, m, sign, start in ((5, 9, 1, 1), (12, 4, -1, 3), (7, 7, 1, 40),
                          (2, 30, -1, 1), (6, 6, 1, 5000)):
    xt = np.cumsum(start + 10 * rng.random(n))
    xs = np.cumsum(1 + 10 * rng.random(m))
    yt = sign * 5 + 1.5 * np.exp(-xt / 30) + 0.1 * rng.normal(size=n)
    ys = sign * 5 + 3 * np.exp(-xs / 30) + 0.1 * rng.normal(size=m)
    low, high = max(xt[0], xs[0]), min(xt[-1], xs[-1])
    areas = [area(x, y, low, high) if low < high else np.nan
             for x, y in ((xt, yt), (xs, ys))]
    put("curves", n, m, *xt, *yt, *xs, *ys, low, high, "=", at(xt, yt, low),
        at(xs, ys, low), *areas)

for n, m, drop in ((6, 8, 0.5), (9, 5, 0.5), (4, 6, 0.95), (5, 5, 0.02)):
    xt, xs = np.cumsum(1 + 9 * rng.random(n)), np.cumsum(1 + 30 * rng.random(m))
    yt = 2 - np.cumsum(rng.random(n)) / n
    ys = 2.2 - np.cumsum(rng.random(m)) / m
    level = ys[0] + drop * (ys[-1] - ys[0])
    (t, t_ok, t_start), (s, s_ok, s_start) = (reach(xt, yt, level),
                                              reach(xs, ys, level))
    put("threshold", n, m, *xt, *yt, *xs, *ys, drop, "=", level, t, t_ok,
        t_start, s, s_ok, s_start)
for speedup in (1, 2, 0.5, 1e-3, 1 + 1e-12):
    put("savings", np.log(speedup), "=", 1 - 1 / np.float64(speedup))
