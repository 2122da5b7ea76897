#!/usr/bin/env python3
"""make_learn.py - expected values of measure/{returns,survival,variate}.h.

    python3 tests/oracle/make_learn.py > tests/oracle/learn.txt

Needs numpy, scipy, statsmodels and lifelines. Lines: a word, sizes and inputs,
then `=` and the expected numbers.
"""
# SPDX-License-Identifier: Apache-2.0
import warnings

import lifelines
import numpy as np
import scipy
import statsmodels
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times, restricted_mean_survival_time
from scipy import optimize, stats
from statsmodels.duration.survfunc import SurvfuncRight

warnings.simplefilter("ignore")
print(f"# numpy {np.__version__} scipy {scipy.__version__} statsmodels "
      f"{statsmodels.__version__} lifelines {lifelines.__version__}")
rng = np.random.default_rng(17)
NODES = 64


def put(*words):
    print(*(w if isinstance(w, str) else repr(float(w)) for w in words))


def lists(*columns):
    return [v for row in zip(*columns) for v in row]


# --- half-life: posterior over (E, ln a) of y = E + A u^-a


def node(u, y, w, n_eff, e_min, a):
    """log of the integral over E of (sum w r^2)^(-(n_eff-2)/2), A profiled."""
    n_eff -= 2
    g, root = u ** -a, np.sqrt(w)
    (e, _), *_ = np.linalg.lstsq(np.stack([root, root * g], 1), root * y, rcond=None)
    amp = np.average(g * (y - np.average(y, weights=w)), weights=w) / \
        np.average((g - np.average(g, weights=w)) ** 2, weights=w)
    sse = np.sum(w * (y - e - amp * g) ** 2)
    k = w.sum() - (w * g).sum() ** 2 / (w * g * g).sum()
    t = stats.t(n_eff - 1, loc=e, scale=np.sqrt(sse / k / (n_eff - 1)))
    top = (w * g * y).sum() / (w * g).sum()
    mass = t.sf(e_min) - t.sf(top) if e_min > e else t.cdf(top) - t.cdf(e_min)
    return -n_eff / 2 * np.log(sse) + np.log(sse / k) / 2 + np.log(max(mass, 1e-300))


def quantile(at, p, density):
    piece = (density[1:] + density[:-1]) / 2
    total = np.concatenate([[0], np.cumsum(piece)])
    return np.interp(p * total[-1], total, at)


def posterior(u, y, w, n_eff, e_min, level):
    low, high = np.log(.03), np.log(3)
    for _ in range(4):
        at = np.linspace(low, high, NODES)
        d = np.array([node(u, y, w, n_eff, e_min, np.exp(v)) for v in at])
        d -= d.max()
        keep = np.flatnonzero(d > -25)
        if keep[-1] - keep[0] > NODES // 2:
            break
        low, high = at[max(keep[0] - 1, 0)], at[min(keep[-1] + 1, NODES - 1)]
    return [np.exp(quantile(at, p, np.exp(d))) for p in ((1 - level) / 2, (1 + level) / 2)]


def brute(u, y, w, n_eff, e_min, level):
    """The same by a plain grid over (E, ln a): no closed form anywhere."""
    n_eff -= 2
    at = np.linspace(np.log(.03), np.log(3), 700)
    top = y.max()
    es = np.linspace(max(e_min, y.min() - 30 * np.ptp(y)), top, 24001)
    out = []
    for a in np.exp(at):
        g = u ** -a
        b = w @ (g * y) - es * (w @ g)
        amp = np.maximum(b / (w @ (g * g)), 0)
        sse = (w @ (y * y)) - 2 * es * (w @ y) + es * es * w.sum() - amp * b
        out.append(np.where(b > 0, -n_eff / 2 * np.log(np.maximum(sse, 1e-30)), -np.inf))
    out = np.array(out)
    d = np.exp(out - out.max()).sum(1)
    return [np.exp(quantile(at, p, d)) for p in ((1 - level) / 2, (1 + level) / 2)]


for n, a, noise, e_min, e, n_eff in ((60, .4, .01, 0, 2, 60), (24, .3, .02, 0, 1, 20),
                                     (40, .7, .05, -np.inf, -3, 33),
                                     (12, .15, .05, 0, 0, 12)):
    x = np.geomspace(400, 1000, n)
    w = rng.integers(1, 40, n).astype(float)
    y = e + 1.5 * (x / 1000) ** -a + noise * rng.normal(size=n) / np.sqrt(w)
    lo, hi = posterior(x / 1000, y, w, n_eff, e_min, .8)
    flo, fhi = brute(x / 1000, y, w, n_eff, e_min, .8)
    put("half", n, a, n_eff, -1e300 if np.isinf(e_min) else e_min, *lists(x, y, w),
        "=", 1000 * (2 ** (1 / a) - 1), lo, hi, flo, fhi)

for tau, x in ((.01, 1000), (2, 700), (90, 3000)):
    def curve(v):
        return 1 / np.log1p(v / 1000 / tau)
    h = optimize.brentq(lambda v: curve(x + v) - curve(x) / 2, 1, 1e9, rtol=1e-14)
    put("invlog", tau, x, "=", h)

# --- area under the curve in ln x

for n, frm, to in ((2, 1, 10), (30, 3, 900), (30, None, None), (7, 20, 21)):
    x = np.geomspace(1, 1000, n) if n > 2 else np.array([1.0, 10.0])
    y = 2 + 5 * x ** -.3 + .1 * rng.normal(size=n)
    frm, to = frm or x[0], to or x[-1]
    at = np.unique(np.concatenate([[frm, to], x[(x > frm) & (x < to)]]))
    values = np.interp(np.log(at), np.log(x), y)
    put("aulc", n, frm, to, *lists(x, y), "=",
        np.trapezoid(values, np.log(at)) / np.log(to / frm))

# --- marginal cost of a pow3 by root finding

for E, A, a, q, lo, hi in ((2, 1.5, .4, .01, .86, 1.28), (1.9, .1, .3, .02, .9, 1.1),
                           (-3, 1, .5, .01, .5, 2)):
    def f(v):
        return E + A * (v / 1000) ** -a
    y = f(1000)

    def cost(gain):
        if y - gain <= E:
            return np.inf
        return optimize.brentq(lambda v: f(v) - (y - gain), 1e-3, 1e15, rtol=1e-14) - 1000
    g = q * abs(y)
    put("cost", E, A, a, q, lo, hi, "=", cost(g), cost(g / hi), cost(g / lo), -cost(-g))

# --- Kaplan-Meier

for n, ties, never in ((1, 0, 0), (12, 0, 0), (40, 1, 5), (25, 1, 20), (30, 0, 3)):
    x = np.round(rng.lognormal(6, .5, n)) if ties else rng.lognormal(6, .5, n)
    if ties:
        x = np.maximum(np.round(x / 60) * 60, 60)
    reached = rng.uniform(size=n) < (.75 if n > 1 else 1)
    x[:never], reached[:never] = np.inf, False
    finite = np.where(np.isinf(x), 1e12, x)
    sf = SurvfuncRight(finite, reached.astype(int))
    km = KaplanMeierFitter(alpha=.05).fit(finite, reached)
    ci = km.confidence_interval_
    table = []
    for t, s, se, risk, d in zip(sf.surv_times, sf.surv_prob, sf.surv_prob_se,
                                 sf.n_risk, sf.n_events):
        if not d:
            continue
        lo, hi = ci.loc[t].to_numpy()
        bad = s < 1e-12
        table += [t, risk, d, s, -1 if bad else se, -1 if bad else lo, -1 if bad else hi]
    med = km.median_survival_time_
    sure = ci[km.survival_function_.iloc[:, 0] > 1e-12]  # no limits at S = 0
    m = median_survival_times(sure).to_numpy().ravel()
    t_max = np.sort(x[np.isfinite(x)])[-1] * .8
    mean = restricted_mean_survival_time(km, t=t_max)
    # variance by numeric integration of S on a fine grid of its steps
    times = np.concatenate([[0], [t for t in sf.surv_times if t < t_max], [t_max]])
    s_at = np.array([km.predict(t) for t in times[:-1]])
    area = s_at * np.diff(times)
    var = 0
    for t, r, d in zip(sf.surv_times, sf.n_risk, sf.n_events):
        if t <= t_max and d < r:
            var += area[times[:-1] >= t].sum() ** 2 * d / (r * (r - d))
    fix = [v if np.isfinite(v) else -1 for v in (med, *m)]
    put("survival", n, *lists(np.where(np.isinf(x), -1, x), reached), "=",
        len(table) // 7, *table, *fix, t_max, mean, np.sqrt(var))

# --- control variate

for n, share in ((40, .97), (200, .999), (200, .7)):
    noise = .05 * rng.standard_t(4, size=n)
    y = 3 - .001 * np.arange(n) + share * noise + np.sqrt(1 - share ** 2) * .05 * rng.normal(size=n)
    cov = np.cov(np.diff(y), np.diff(noise))
    put("variate", n, *lists(y, noise), "=", cov[0, 1] / cov[1, 1],
        np.corrcoef(np.diff(y), np.diff(noise))[0, 1])

# --- restricted means of two small groups and their difference


def restricted(x, reached, t_max):
    km = KaplanMeierFitter().fit(x, reached)
    grid = np.concatenate([[0], np.unique(x[reached & (x < t_max)]), [t_max]])
    area = np.array([km.predict(t) for t in grid[:-1]]) * np.diff(grid)
    var, events = 0, 0
    for t in np.unique(x[reached & (x <= t_max)]):
        risk, d = (x >= t).sum(), (reached & (x == t)).sum()
        events += d
        if d < risk:
            var += area[grid[:-1] >= t].sum() ** 2 * d / (risk * (risk - d))
    return (restricted_mean_survival_time(km, t=t_max),
            np.sqrt(var * events / (events - 1)), events - 1)


for n, m, share in ((4, 4, 1), (5, 3, 1), (8, 6, .6), (30, 40, .7)):
    pair = []
    for count in (n, m):
        x = rng.lognormal(6, .3, count)
        reached = rng.uniform(size=count) < share
        reached[:2] = True
        pair.append((x, reached))
    t_max = max(x.max() for x, _ in pair) if share == 1 else \
        min(x.max() for x, _ in pair)
    (a, se_a, df_a), (b, se_b, df_b) = (restricted(*p, t_max) for p in pair)
    if share == 1:  # nobody is censored: Welch's t over the plain samples
        test = stats.ttest_ind(pair[0][0], pair[1][0], equal_var=False)
        lo, hi = test.confidence_interval(.8)
    else:
        both = se_a ** 2 + se_b ** 2
        df = both ** 2 / (se_a ** 4 / df_a + se_b ** 4 / df_b)
        half = np.sqrt(both) * stats.t.ppf(.9, df)
        lo, hi = a - b - half, a - b + half
    put("restrict", n, m, t_max, *lists(*pair[0]), *lists(*pair[1]), "=",
        a, se_a, b, se_b, a - b, lo, hi)
