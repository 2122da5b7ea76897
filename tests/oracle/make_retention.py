#!/usr/bin/env python3
"""make_retention.py - expected values of measure/retention.h, by NumPy, SciPy and
statsmodels, each figure written out from its definition.

    python3 tests/oracle/make_retention.py > tests/oracle/retention.txt

Lines: a word, sizes and inputs, then `=` and the expected numbers.
"""
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

print(f"# numpy {np.__version__} scipy {scipy.__version__} "
      f"statsmodels {statsmodels.__version__}")
rng = np.random.default_rng(23)


def put(*words):
    print(*(w if isinstance(w, str) else repr(float(w)) for w in words))


def kinds(R):
    """R: (T+1) x T, row 0 before training; NaN carries through where a cell that is
    needed is missing. In the order of enum km_retention_kind."""
    base, M = R[0], R[1:]
    T = len(base)
    diag, last = np.diag(M), M[-1]
    pairs = T * (T - 1) / 2
    lower = [(i, j) for i in range(T) for j in range(i)]
    yield last.mean()
    yield np.mean([M[i, :i + 1].mean() for i in range(T)])
    yield np.mean(M[np.tril_indices(T)])
    yield diag.mean()
    if T < 2:
        yield from [np.nan] * 6
        return
    yield np.mean(last[:-1] - diag[:-1])
    yield sum(M[i, j] - M[j, j] for i, j in lower) / pairs
    yield np.mean([M[j - 1, j] - base[j] for j in range(1, T)])
    yield sum(M[j, i] for i, j in lower) / pairs
    peaks = []
    for j in range(T - 1):
        seen = M[j:T - 1, j]
        seen = seen[~np.isnan(seen)]
        peaks.append(seen.max() if len(seen) else np.nan)
    yield np.mean(np.array(peaks) - last[:-1])
    yield np.mean(diag[:-1] - last[:-1])


def errors(R, S):
    """Standard errors, by perturbing each cell: the figures are sums."""
    here = np.array(list(kinds(R)))
    variance = np.zeros(len(here))
    for at in np.ndindex(R.shape):
        h = 1e-6
        moved = R.copy()
        moved[at] += h
        slope = (np.array(list(kinds(moved))) - here) / h
        variance += np.nan_to_num(slope * S[at]) ** 2
    return np.sqrt(variance)


def matrix(T):
    M = 0.9 - 0.1 * rng.random((T, T))
    for j in range(T):
        M[j:, j] -= 0.15 * rng.random() * np.arange(T - j)
        M[:j, j] = 0.2 + 0.1 * rng.random(j)
    return np.vstack([0.1 + 0.05 * rng.random(T), M])


for T in (1, 2, 3, 5, 9):
    for scale in (1, 100, -1e-6):
        R = scale * matrix(T)
        put("kinds", T, *R.ravel(), "=", *kinds(R))
for T, gaps in ((3, 1), (4, 2), (5, 3), (5, 6), (6, 4), (4, 0), (7, 5)):
    R = matrix(T)
    for _ in range(gaps):
        R[rng.integers(0, T + 1), rng.integers(0, T)] = np.nan
    put("kinds", T, *R.ravel(), "=", *kinds(R))
for T in (2, 4):
    R, S = matrix(T), 0.001 + 0.02 * rng.random((T + 1, T))
    put("errors", T, *R.ravel(), *S.ravel(), "=",
        *(np.round(errors(R, S), 12)))

for T in (1, 4):
    R, S = matrix(T), 0.01 * rng.random((T + 1, T))
    best, best_se = 0.9 + 0.1 * rng.random(T), 0.01 * rng.random(T)
    put("intransigence", T, *R.ravel(), *S.ravel(), *best, *best_se, "=",
        np.mean(best - np.diag(R[1:])),
        np.sqrt((best_se ** 2).sum() + (np.diag(S[1:]) ** 2).sum()) / T)

for count, n in ((0, 10), (10, 10), (7, 20), (500, 1000), (1, 1)):
    low, high = proportion_confint(count, n, alpha=2 * stats.norm.sf(1),
                                   method="wilson")
    # where the interval touches 0 or 1 SciPy's is cut: its centre tells
    middle = (count + 0.5) / (n + 1)
    half = max(high - middle, middle - low)
    put("proportion", count / n, n, "=", half)


def decay(R):
    M = R[1:]
    T = len(M)
    rows = [(i - j, M[i, j] / M[j, j], j) for j in range(T)
            for i in range(j + 1, T)]
    t, s, task = np.array([r for r in rows if not np.isnan(r[1])]).T

    def slope(rate):
        f = np.exp(-rate * t)
        return (t * f * (s - f)).sum()
    grid = np.linspace(-2, 14, 20001)
    best = grid[np.argmin([((s - np.exp(-g * t)) ** 2).sum() for g in grid])]
    rate = optimize.brentq(slope, best - 1e-3, best + 1e-3, xtol=1e-15)
    g = -t * np.exp(-rate * t)
    linear = s - np.exp(-rate * t) + g * rate
    tasks, se, df = len(set(task)), np.nan, 0
    if tasks > 1:
        # without each task in turn, by one Gauss-Newton step
        left_out = [sm.OLS(linear[task != k], g[task != k]).fit().params[0]
                    for k in set(task)]
        assert np.isclose(sm.OLS(linear, g).fit().params[0], rate, rtol=1e-8)
        se = np.sqrt((tasks - 1) / tasks *
                     ((np.array(left_out) - rate) ** 2).sum())
        weight = np.array([(g[task == k] ** 2).sum() for k in set(task)])
        df = weight.sum() ** 2 / (weight ** 2).sum() - 1
    return [rate, se, df, np.log(2) / rate if rate > 0 else np.inf, len(t), tasks,
            t.max()]


for T, gaps in ((2, 0), (3, 0), (5, 0), (8, 0), (6, 3)):
    R = 70 * matrix(T)
    for _ in range(gaps):
        i = rng.integers(3, T + 1)
        R[i, rng.integers(0, i - 1)] = np.nan
    put("decay", T, *R.ravel(), "=", *decay(R))
R = matrix(4)
R[1:] = 0.3 + 0.1 * np.arange(4)[:, None] + np.zeros((4, 4))  # rises throughout
put("decay", 4, *R.ravel(), "=", *decay(R))
R = matrix(5)
for j in range(5):
    R[j + 1:, j] = 0.8 * 0.5 ** (np.arange(5 - j) / 1.7)  # halves in 1.7 stages
assert np.isclose(decay(R)[3], 1.7)
put("decay", 5, *R.ravel(), "=", *decay(R))

for T in (2, 3, 6):
    M = matrix(T)[1:]
    gain = np.array([M[i, i] - M[i - 1, i] for i in range(1, T)])
    loss = np.array([(M[i - 1, :i] - M[i, :i]).mean() for i in range(1, T)])
    n, ratio = T - 1, loss.sum() / gain.sum()
    off = loss - ratio * gain
    se = (np.sqrt(n) * np.sqrt((off ** 2).sum() / (n - 1)) / gain.sum()
          if n > 1 else np.nan)
    rows = [v for pair in zip(gain, loss) for v in pair]
    put("trade", T, *np.vstack([np.zeros(T), M]).ravel(), "=", *rows, ratio, se)
