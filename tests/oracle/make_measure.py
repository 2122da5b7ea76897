#!/usr/bin/env python3
"""make_measure.py - expected values of src/measure, by NumPy and SciPy.

    /usr/bin/python3 tests/oracle/make_measure.py > tests/oracle/measure.txt

An independent implementation of the definitions in docs/metrics.md: plain
array algebra, two-pass sums, scipy.stats for Student's t. Every fit is also
held against scipy.optimize.least_squares, which searches without a grid.
Lines: a word, its sizes and inputs, then `=` and the expected numbers.
"""
# SPDX-License-Identifier: Apache-2.0
import sys

import numpy as np
import scipy
from scipy import optimize, stats

# nodes, shape g(u), dg/du at u = 1
FAMILIES = {
    "pow3": (np.geomspace(.03, 3, 40)[:, None],
             lambda u, t: u ** -t[0], lambda t: -t[0]),
    "invlog3": (np.geomspace(.01, 100, 40)[:, None],
                lambda u, t: 1 / np.log1p(u / t[0]),
                lambda t: -1 / np.log1p(1 / t[0]) ** 2 / (t[0] + 1)),
}


def put(*words):
    print(" ".join(w if isinstance(w, str) else repr(w.item())
                   if isinstance(w, np.generic) else repr(w) for w in words))


def solve(g, y, w, floor):
    """Weighted least squares of y = E + A g with A >= 0, E >= floor."""
    gm, ym = np.average(g, weights=w), np.average(y, weights=w)
    a = max(np.sum(w * (g - gm) * (y - ym)) / np.sum(w * (g - gm) ** 2), 0)
    e = ym - a * gm
    if e < floor:
        e = floor
        a = max(np.sum(w * g * (y - e)) / np.sum(w * g * g), 0)
    return e, a, np.sum(w * (y - e - a * g) ** 2)


def long_run(v):
    """n times the long-run variance: an AR(1) taken out and put back in."""
    n = len(v)
    rho = np.sum(v[1:] * v[:-1]) / np.sum(v * v)
    rho = min(max(rho + (1 + 4 * rho) / n, 0), .97)
    u = v[1:] - rho * v[:-1] if rho > 0 else v
    lags = min(int(4 * (len(u) / 100) ** (2 / 9)), len(u) - 1)
    s = np.sum(u * u) + 2 * sum((1 - k / (lags + 1)) * np.sum(u[k:] * u[:-k])
                                for k in range(1, lags + 1))
    return max(s, 0) * n / len(u) / (1 - rho) ** 2


def n_eff(r):
    return len(r) * min(1, np.sum(r * r) / long_run(r))


def fit(family, x, y, n, floor):
    nodes, shape, slope = FAMILIES[family]
    u, w = x / x[-1], n.copy()
    for _ in range(4):
        found = [solve(shape(u, t), y, w, floor) for t in nodes]
        best = int(np.argmin([f[2] for f in found]))
        e, a, _ = found[best]
        theta = nodes[best].copy()
        r = (y - e - a * shape(u, theta)) * np.sqrt(n / np.median(n))
        s = 1.4826 * np.median(np.abs(r))
        w = n * np.minimum(1, 1.345 * s / np.maximum(np.abs(r), 1e-300))
    step, best = .12, solve(shape(u, theta), y, w, floor)
    while step >= .003:
        moves = [np.clip(theta * np.exp(d), nodes[0], nodes[-1])
                 for d in (step, -step)]
        tried = [solve(shape(u, t), y, w, floor) for t in moves]
        k = int(np.argmin([t[2] for t in tried]))
        if tried[k][2] < best[2]:
            theta, best = moves[k], tried[k]
        else:
            step /= 2
    e, a, sse = best
    r = y - e - a * shape(u, theta)
    check_scipy(shape, nodes, u, y, w, floor, sse)
    h = 1e-6
    up, down = theta * (1 + h), theta * (1 - h)
    j = np.stack([np.ones_like(u), shape(u, theta),
                  a * (shape(u, up) - shape(u, down)) / (2 * h * theta[0])], 1)
    grad = np.array([0, slope(theta),
                     a * (slope(up) - slope(down)) / (2 * h * theta[0])])
    ne = n_eff(r)
    half = np.linalg.qr(np.sqrt(w)[:, None] * j, mode="r")
    variance = -1.  # no error when the curve is flat
    if a > 0:
        root = np.linalg.solve(half.T, grad)
        variance = root @ root * sse / (len(u) - 3)
    se = np.sqrt(variance * len(u) / ne) / x[-1] if variance > 0 else -1.
    return theta[0], e, a, s, ne, se, a * slope(theta) / x[-1]


def check_scipy(shape, nodes, u, y, w, floor, sse):
    """The same weighted problem, searched freely from five starts."""
    costs = []
    for start in (.05, .2, .5, 1, 2):
        free = optimize.least_squares(
            lambda p: np.sqrt(w) * (y - p[0] - p[1] *
                                    shape(u, [np.exp(p[2])])),
            [max(y.min() * .9, floor), np.ptp(y) + 1e-9, np.log(start)],
            bounds=([floor, 0, np.log(nodes[0, 0])],
                    [np.inf, np.inf, np.log(nodes[-1, 0])]))
        costs.append(2 * free.cost)
    assert sse <= min(costs) * (1 + 1e-3) + 1e-12, (sse, min(costs))


def fits(rng):
    cases = []
    for i, (e, a, alpha, noise) in enumerate([
            (2, 3, .5, .02), (1.7, 2.2, .3, .05), (3, 1, 1.2, .01),
            (0, 4, .1, .03), (.2, .8, .7, .005)]):
        count = (30, 96, 60, 96, 12)[i]
        x = np.sort(rng.uniform(400, 1000, count))
        y = e + a * (x / 1000) ** -alpha + noise * rng.standard_normal(count)
        if i == 1:
            y[[10, 40, 41]] += .8  # a burst that Huber must not follow
        n = np.ones(count) if i % 2 else rng.integers(1, 40, count) * 1.
        cases.append((x, y, n))
    for x, y, n in cases:
        for family in FAMILIES:
            put("fit", family, len(x))
            for row in zip(x, y, n):
                put(*row)
            put("=", *fit(family, x, y, n, 0.))


def line(rng):
    for count, noise, burst, rho in ((25, .1, 0, 0), (200, .3, 4, 0),
                                     (1000, .05, 20, 0), (400, .1, 0, .9)):
        t = np.sort(rng.uniform(5, 6, count))
        e = noise * rng.standard_normal(count)
        for i in range(1, count):
            e[i] += rho * e[i - 1]
        y = 4 - .7 * t + e
        y[rng.integers(0, count, burst)] += 3
        w, s = np.ones(count), None
        for i in range(5):
            tm, ym = np.average(t, weights=w), np.average(y, weights=w)
            b = np.sum(w * (t - tm) * (y - ym)) / np.sum(w * (t - tm) ** 2)
            r = y - ym - b * (t - tm)
            s = 1.4826 * np.median(np.abs(r))
            w = np.minimum(1, 1.345 * s / np.maximum(np.abs(r), 1e-300))
        d = t - t.mean()
        psi = np.clip(r, -1.345 * s, 1.345 * s)
        huber = np.sqrt(np.sum(psi ** 2) / (count - 2) /
                        np.mean(np.abs(r) <= 1.345 * s) ** 2 / np.sum(d * d))
        hac = np.sqrt(long_run(d * r) * count / (count - 2)) / np.sum(d * d)
        put("line", count)
        for row in zip(t, y):
            put(*row)
        put("=", b, huber, hac, n_eff(r), s)


def student():
    for df in (1., 2., 3.5, 5., 19., 100., 5000.):
        for p in (.1, .25, .6, .9, .95, .975, .995):
            # ppf is good to 1e-9 only: polished by one Newton step
            t = stats.t.ppf(p, df)
            t -= (stats.t.cdf(t, df) - p) / stats.t.pdf(t, df)
            put("t", p, df, "=", t, stats.t.cdf(t, df))


def quantiles(rng):
    for count in (1, 2, 5, 50, 333):
        values = rng.standard_normal(count).round(2)
        put("quantile", count, *values, "=",
            *np.quantile(values, (0, .05, .5, .9, .99, 1)))


def throughput(rng):
    for count in (40, 333):
        steps = np.where(rng.random(count) < .2, 2., 1.)
        seconds = steps * (1 + .05 * rng.standard_normal(count) ** 2)
        seconds[7] += 100
        each = seconds / steps
        med = np.median(each)
        mad = np.median(np.abs(each - med))
        bound = max(3 * med, med + 10 * 1.4826 * mad, 30)
        stall = seconds - (steps - 1) * med > bound
        s, t = np.where(stall, 0, steps), np.where(stall, 0, seconds)
        edge = [b * count // 20 for b in range(21)]
        left = np.array([np.log((t.sum() - t[i:j].sum()) /
                                (s.sum() - s[i:j].sum()))
                         for i, j in zip(edge, edge[1:])])
        se = np.sqrt(np.sum((left - left.mean()) ** 2) * 19 / 20)
        put("throughput", count)
        for row in zip(steps, seconds):
            put(*row)
        put("=", t.sum() / s.sum(), se, med, mad, np.quantile(each, .99),
            float(stall.sum()),
            np.sum(np.where(stall, seconds - steps * med, 0)))


def main():
    rng = np.random.default_rng(20261123)
    put("versions", "python", sys.version.split()[0], "numpy",
        np.__version__, "scipy", scipy.__version__)
    fits(rng)
    line(rng)
    student()
    quantiles(rng)
    throughput(rng)
    put("end")


if __name__ == "__main__":
    main()
