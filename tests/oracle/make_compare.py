#!/usr/bin/env python3
"""make_compare.py - expected values of sequential.h, speedup.h, moderate.h
and aggregate.h.

    python3 tests/oracle/make_compare.py > tests/oracle/compare.txt

Needs numpy, scipy, statsmodels and rliable (arch). The e-value is integrated numerically from
the likelihood of t, not from its closed form. Lines: a word, sizes and inputs,
then `=` and the expected numbers.
"""
# SPDX-License-Identifier: Apache-2.0
import sys

import numpy as np
import scipy
from scipy import integrate, optimize, special, stats
from statsmodels.stats.power import FTestAnovaPower

try:
    from rliable import metrics as rl
    RLIABLE = True
except ImportError:
    RLIABLE = False

print(f"# numpy {np.__version__} scipy {scipy.__version__} rliable "
      f"{'yes' if RLIABLE else 'no: its definitions, written again'}")
rng = np.random.default_rng(5)


def put(*words):
    print(*(w if isinstance(w, str) else repr(float(w)) for w in words))


def lists(*columns):
    return [v for row in zip(*columns) for v in row]


def e_value(t, df, n, spread):
    """Likelihood ratio of t: noncentral t mixed over N(0, spread) effects."""
    top = integrate.quad(
        lambda d: stats.nct.pdf(t, df, d * np.sqrt(n)) *
        stats.norm.pdf(d, 0, np.sqrt(spread)), -40, 40, limit=400,
        points=[0, t / np.sqrt(n)], epsabs=0, epsrel=1e-11)[0]
    return top / stats.t.pdf(t, df)


for t, df, n, spread in ((0.3, 4, 1.5, 9), (3.1, 8, 2.5, 9), (-2, 3, 1, 1),
                         (6, 12, 3.5, 4)):
    put("log_e", t, df, n, spread, "=", np.log(e_value(t, df, n, spread)))
for alpha, df, n in ((0.05, 8, 2.5), (0.05, 30, 5), (0.0025, 18, 5)):
    bound = optimize.brentq(
        lambda t: np.log(e_value(t, df, n, 9)) + np.log(alpha), 1, 60,
        xtol=1e-12)
    power = 1 - stats.ncf.cdf(bound ** 2, 1, df, n * 9)
    put("bound", alpha, df, n, 9, 3, "=", bound, power)
# the cells of docs/metrics.md#power-of-the-verdict; statsmodels knows the same
# power as that of an F test at the level which the bound has at one look
for seeds, more in ((3, 0), (5, 0), (2, 8), (3, 8), (5, 8)):
    df, n = 2 * seeds - 2 + more, seeds / 2
    bound = optimize.brentq(
        lambda t: np.log(e_value(t, df, n, 9)) + np.log(0.035), 1, 1000,
        xtol=1e-12)
    for effect in (0.5, 1, 2, 3, 4):
        power = 1 - stats.ncf.cdf(bound ** 2, 1, df, n * effect ** 2)
        if not more:
            other = FTestAnovaPower().power(
                effect / 2, 2 * seeds, stats.f.sf(bound ** 2, 1, df), 2)
            assert abs(power - other) < 1e-10, (power, other)
        put("bound", 0.035, df, n, 9, effect, "=", bound, power)
for sd, n, n0, alpha in ((1, 50, 30, 0.05), (0.3, 2000, 100, 0.01)):
    rho2 = (-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1)) / n0
    put("sequence", sd, n, n0, alpha, "=",
        sd * np.sqrt(2 * (n * rho2 + 1) / (n ** 2 * rho2) *
                     np.log(np.sqrt(n * rho2 + 1) / alpha)))

for n, m in ((3, 5), (2, 9)):
    u, v = rng.normal(7, 1, n), rng.normal(6, 0.3, m)
    test = stats.ttest_ind(v, u, equal_var=False)
    low, high = stats.t.interval(0.8, n - 1, u.mean(), stats.sem(u))
    put("moments", n, m, *u, *v, "=", u.mean(), u.var(ddof=1),
        (high - low) / 2, (v.mean() - u.mean()) / test.statistic, test.df)

# one curve and levels: numpy's interpolation of the reversed curve
x = np.sort(rng.uniform(1, 1000, 30))
y = np.sort(rng.uniform(2, 5, 30))[::-1]
levels = np.array([5.5, 4.2, 3.7, 3.0, 2.3, 1.0])
want = np.interp(levels, y[::-1], np.log(x)[::-1])
want[levels < y[-1]] = np.nan
put("reach", 30, 6, *lists(x, y), *levels, "=", *want)

for n in (1, 3, 8, 21):
    v = rng.normal(size=n)
    put("iqm", n, *v, "=", stats.trim_mean(v, 0.25))
a, b = np.round(rng.normal(0.3, 1, 7), 1), np.round(rng.normal(size=5), 1)
put("greater", 7, 5, *a, *b, "=",
    stats.mannwhitneyu(a, b).statistic / 35)

# rows are runs in rliable, tasks here
runs_a, runs_b, tasks = 6, 4, 3
sa = np.round(rng.normal(0.4, 1, (runs_a, tasks)), 2)
sb = np.round(rng.normal(0, 1, (runs_b, tasks)), 2)
if RLIABLE:
    iqm = rl.aggregate_iqm(sa)
    better = rl.probability_of_improvement(sa, sb)
else:
    iqm = stats.trim_mean(sa, 0.25, axis=None)
    better = np.mean([stats.mannwhitneyu(sa[:, t], sb[:, t]).statistic /
                      (runs_a * runs_b) for t in range(tasks)])
draws = 40000
boot_iqm, boot_p = np.empty(draws), np.empty(draws)
for i in range(draws):
    ra = np.stack([rng.choice(sa[:, t], runs_a) for t in range(tasks)], 1)
    rb = np.stack([rng.choice(sb[:, t], runs_b) for t in range(tasks)], 1)
    boot_iqm[i] = stats.trim_mean(ra, 0.25, axis=None)
    boot_p[i] = np.mean((ra[:, None] > rb[None]) + 0.5 * (ra[:, None] == rb[None]))
put("scores", tasks, runs_a, runs_b, *sa.T.ravel(), *sb.T.ravel(), "=", iqm,
    better, *np.quantile(boot_iqm, (0.025, 0.975)),
    *np.quantile(boot_p, (0.025, 0.975)))

time = rng.uniform(100, 500, (3, 5))
time[0, 1] = time[1, 1] = np.inf
time[:, 4] = np.inf
time[2, 0] = 5 * time[:2, 0].min()
with np.errstate(invalid="ignore"):
    ratio = time / time.min(0)
ratio[~(ratio <= 4)] = np.inf
taus = np.linspace(1, 4, 100)
out = []
for s in range(3):
    rho = np.array([(ratio[s] <= tau).mean() for tau in taus])
    out.append(np.trapezoid(rho, taus) / 3)
put("profile", 3, 5, *time.ravel(), "=", *ratio.ravel(), *out)
for v in ([5, 1, 3, 2, 9], [4, 4, 5], [4, np.inf, 5, 7]):
    put("olympic", len(v), *v, "=", np.sort(v)[1:-1].mean())


def moderate(variance, df):
    """Smyth 2004: moments of ln s^2, with the inverse by a root finder."""
    z = np.log(variance) - special.digamma(df / 2) + np.log(df / 2)
    excess = z.var(ddof=1) - special.polygamma(1, df / 2).mean()
    if excess > 0:
        half = optimize.brentq(
            lambda x: special.polygamma(1, x) - excess, 1e-6, 1e9, xtol=1e-14)
        return (np.exp(z.mean() + special.digamma(half) - np.log(half)),
                min(2 * half, 8, df.sum()))
    return np.exp(z.mean()), min(8, df.sum())


for groups, spread in ((10, 0), (12, 1.2), (6, 2.5), (40, 0.7), (2, 3)):
    df = rng.integers(1, 6, groups).astype(float)
    variance = (np.exp(spread * rng.standard_normal(groups)) *
                rng.chisquare(df) / df)
    put("moderate", groups, *lists(variance, df), "=", *moderate(variance, df))
sys.exit(0)
