#!/usr/bin/env python3
"""make_verdict.py - expected values of measure/verdict.h, trailing.h, of the rise in
trend.h and of the ratio in velocity.h.

    python3 tests/oracle/make_verdict.py > tests/oracle/verdict.txt

Needs numpy and scipy. Written from docs/metrics.md, over whole arrays, where the
product takes points one by one. Lines: a word, sizes and inputs, then `=` and the
expected numbers.
"""
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import scipy
from scipy import optimize, stats

print(f"# numpy {np.__version__} scipy {scipy.__version__}")
rng = np.random.default_rng(29)
WINDOW, BLOCK, SIGMA = 101, 5, 1.4826


def put(*words):
    print(*(w if isinstance(w, str) else repr(float(w)) for w in words))


def episodes(word, y, found):
    put(word, len(y), *y, "=", len(found),
        *(v for e in found for v in e))


def middle(values):
    return np.sort(values)[len(values) // 2]


def sigma_of(values, centre):
    return SIGMA * np.median(np.abs(np.asarray(values) - centre))


# --- spikes: [onset, seen, until, size, area, lasting]; x is 1, 2, ...


def spikes(y):
    past, found, i = [], [], 0
    while i + BLOCK <= len(y):
        block, recent = y[i:i + BLOCK], np.array(past[-WINDOW:])
        if len(past) < WINDOW:
            past.append(y[i])
            i += 1
            continue
        level = middle(recent)
        means = np.convolve(recent, np.ones(BLOCK) / BLOCK, "valid")
        line = level + max(min(.03 * abs(level), .1),
                           6 * sigma_of(recent, level) / np.sqrt(BLOCK),
                           6 * sigma_of(means, np.median(means)))
        if not (block.mean() > line and np.sort(block)[:-1].mean() > line):
            past.append(y[i])
            i += 1
            continue
        first = i + int(np.argmax(block > line))
        high, area, start, until, lasting = block.mean() - level, 0, i, np.nan, 0
        seen, i = i + BLOCK, i + 1
        while i + BLOCK <= len(y):
            mean = y[i:i + BLOCK].mean()
            if not mean > line:
                until = max(i, first) + 1
                past.append(y[i])
                i += 1
                break
            high, area = max(high, mean - level), area + y[i] - level
            if i - start > max(int(.05 * (i + BLOCK)), 50):
                until, lasting, past = i + BLOCK, 1, []
                i += 1
                break
            i += 1
        found.append([first + 1, seen, until, high, area, lasting])
    return found


# --- divergence: [onset, seen, until, best, size]


def divergences(y):
    found, noise, first, best = [], list(y[:8]), None, np.inf
    above = below = 0
    line, open_ = np.inf, None
    for i in range(8, len(y)):
        level = np.median(y[i - 8:i + 1])
        longest = int(min(max(.02 * (i + 1), 10), 200))
        if open_ is not None:
            open_[4] = max(open_[4], level - best)
            below = 0 if level > line else below + 1
            if below > longest:
                open_[2], open_, above = i + 1, None, 0
            continue
        if above == 0:
            noise.append(y[i])
            recent = noise[-WINDOW:]
            first = level if first is None else first
            best = min(best, level)
            line = best + max(.5 * (first - best), min(.03 * abs(best), .1),
                              3 * sigma_of(recent, middle(recent)))
        start = i + 1 if above == 0 else start
        above = above + 1 if level > line and i + 1 >= 20 else 0
        if above > longest:
            open_, below = [start, i + 1, np.nan, best, level - best], 0
            found.append(open_)
    return found


# --- stalls: seconds of single steps; [onset, lost]


def stalls(seconds):
    usual, found, row = [], [], 0
    for i, s in enumerate(seconds):
        recent = usual[-WINDOW:]
        centre = middle(recent) if recent else np.nan
        if len(recent) >= 20 and s > max(
                3 * centre, centre + 10 * sigma_of(recent, centre), 30):
            found.append([i, s - centre])
            row += 1
            if row == 10:
                usual, row = [], 0
        else:
            usual.append(s)
            row = 0
    return found


def curve(n, noise, kind):
    x = np.arange(1, n + 1)
    e = rng.standard_t(3, n) if kind == "t3" else rng.normal(size=n)
    if kind == "ar":
        for i in range(1, n):
            e[i] = .8 * e[i - 1] + .6 * e[i]
    return 2 + (x / 500 + .1) ** -.5 + noise * e


for case in range(10):
    n = 500
    y = curve(n, (.01, .05)[case % 2], ("normal", "ar", "t3")[case % 3])
    for _ in range(3):
        at, long = rng.integers(110, n), rng.integers(3, 90)
        y[at:at + long] += rng.uniform(.1, 1.5)
    y = np.round(y, 4)
    episodes("spike", y, spikes(y))

for case in range(10):
    n = 500
    y = curve(n, (.01, .1)[case % 2], ("normal", "ar", "t3")[case % 3])
    at, back = rng.integers(40, 350), rng.integers(20, 200)
    y[at:at + back] += rng.uniform(.5, 4)
    if case % 4 == 3:
        y -= 8
    y = np.round(y, 4)
    episodes("diverged", y, divergences(y))

for case in range(6):
    s = np.round(.5 + .02 * rng.standard_t(3, 300), 4)
    s[rng.integers(25, 300, 3)] += rng.uniform(1, 200, 3).round(2)
    s[150:170] += 60 * (case % 2)
    episodes("stall", s, stalls(s))

# --- Mann-Kendall, one-sided, variance times n/n_eff
for case in range(12):
    n = int(rng.integers(3, 40))
    y = np.round(rng.normal(size=n) + .1 * np.arange(n), 3 if case % 2 else 0)
    n_eff = n / rng.uniform(1, 4) if case % 3 else np.nan
    s = sum(np.sign(y[j] - y[i]) for i in range(n) for j in range(i + 1, n))
    counts = np.unique(y, return_counts=True)[1]
    var = (n * (n - 1) * (2 * n + 5) -
           np.sum(counts * (counts - 1) * (2 * counts + 5))) / 18
    var *= n / n_eff if n_eff == n_eff else 1
    if case % 2:  # without ties: the statistic is SciPy's
        tau = stats.kendalltau(np.arange(n), y).statistic
        assert abs(tau - s / (n * (n - 1) / 2)) < 1e-12
    put("rise", n, *y, n_eff, "=", stats.norm.sf((s - np.sign(s)) / np.sqrt(var)))

# --- Fieller: the bounds are where |a - rho b| = z sqrt(sa^2 + rho^2 sb^2)
for case in range(8):
    a, b = rng.normal(), rng.uniform(.5, 2) * rng.choice([-1, 1])
    sa, sb, z = rng.uniform(.01, .3), rng.uniform(.01, .15), rng.uniform(1, 2)

    def reach(rho):
        return (a - rho * b) ** 2 - z * z * (sa * sa + rho * rho * sb * sb)
    low = optimize.brentq(reach, a / b - 100, a / b, xtol=1e-15, rtol=1e-15)
    high = optimize.brentq(reach, a / b, a / b + 100, xtol=1e-15, rtol=1e-15)
    put("ratio", a, sa, b, sb, z, "=", a / b, low, high)
