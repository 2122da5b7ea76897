#!/usr/bin/env python3
"""make_distribution.py - expected values of measure/distribution.h, by SciPy
and mpmath.

    python3 tests/oracle/make_distribution.py \\
        > tests/oracle/distribution.txt

SciPy 1.17 or later, mpmath: the t quantile of 1.10 is wrong in the ninth digit.
Lines: function, arguments, expected value.
"""
# SPDX-License-Identifier: Apache-2.0
import itertools

import mpmath
import numpy as np
import scipy
from scipy import optimize, stats

print(f"# scipy {scipy.__version__}")


def put(name, *numbers):
    print(name, *(repr(float(n)) for n in numbers))


P = (1e-9, 1e-4, 0.01, 0.1, 0.5, 0.8, 0.975, 0.9995, 1 - 1e-9)
for z in (-12, -6, -1.5, -1e-3, 0, 0.3, 2, 5, 8):
    put("normal_cdf", z, stats.norm.cdf(z))
for p in P:
    put("normal_quantile", p, stats.norm.ppf(p))
for df, t in itertools.product((1, 2.5, 7, 30, 1000), (-20, -2, 0, 0.7, 4)):
    put("t_cdf", t, df, stats.t.cdf(t, df))
for df, p in itertools.product((1, 2.5, 7, 30, 1000), P[1:-1]):
    put("t_quantile", p, df, stats.t.ppf(p, df))
for d1, d2, f in itertools.product((1, 3, 12), (2, 9.5, 120), (0.01, 1, 3, 40)):
    put("f_cdf", f, d1, d2, stats.f.cdf(f, d1, d2))
for f, d2, lam in itertools.product((0.5, 3, 20), (4, 60), (0.01, 3, 80)):
    put("f_noncentral_cdf", f, 3, d2, lam, stats.ncf.cdf(f, 3, d2, lam))
mpmath.mp.dps = 40


def noncentral_f(f, d1, d2, lam):
    """The mixture of beta distributions, term by term, with forty digits."""
    x, half = mpmath.mpf(d1) * f / (mpmath.mpf(d1) * f + d2), mpmath.mpf(lam) / 2
    top, sd = int(half), int(14 * mpmath.sqrt(half + 1)) + 40
    return mpmath.fsum(
        mpmath.exp(j * mpmath.log(half) - half - mpmath.loggamma(j + 1)) *
        mpmath.betainc(mpmath.mpf(d1) / 2 + j, mpmath.mpf(d2) / 2, 0, x, True)
        for j in range(max(0, top - sd), top + sd))


for d1, d2, lam, off in ((1, 6, 18, 0.3), (9, 990, 400, 0.9), (9, 990, 400, 1.2),
                         (2, 30, 2000, 0.8), (2, 30, 2000, 3), (1, 4, 0.5, 1e-6),
                         (5, 8, 900, 0.02)):
    f = (d1 + lam) / d1 * off
    p = noncentral_f(f, d1, d2, lam)
    put("f_noncentral_cdf", f, d1, d2, lam, p)
    if 1e-6 < p < 1 - 1e-6:
        put("f_noncentrality", f, d1, d2, p, lam)


def far_f(f, d1, d2, lam):
    """The cdf over the denominator, the numerator's by Sankaran."""
    s = np.linspace(*stats.chi2.ppf([1e-13, 1 - 1e-13], d2), 20001)
    mean, var = d1 + lam, 2 * (d1 + 2 * lam)
    width = var / (9 * mean ** 2)
    below = stats.norm.cdf((f * d1 * s / d2 / mean) ** (1 / 3), 1 - width,
                           np.sqrt(width))
    return np.trapezoid(below * stats.chi2.pdf(s, d2), s)


for d1, d2, lam, p in ((9, 8990, 8e6, 0.1), (9, 8990, 8e6, 0.9), (2, 30, 3e7, 0.1),
                       (1, 990, 2e6, 0.9)):
    f = optimize.brentq(lambda f: far_f(f, d1, d2, lam) - p, lam / d1 * .1,
                        lam / d1 * 10, xtol=1e-3)
    put("f_noncentrality_far", f, d1, d2, p, lam)
for df, x in itertools.product((1, 3.5, 20, 400), (0.01, 1, 19, 400, 900)):
    put("chi2_cdf", x, df, stats.chi2.cdf(x, df))
for df, p in itertools.product((1, 3.5, 20, 400), (0.01, 0.1, 0.5, 0.975)):
    put("chi2_quantile", p, df, stats.chi2.ppf(p, df))
for a, b, x in itertools.product((0.5, 2, 40), (0.7, 5, 300), (0.001, 0.2, 0.9)):
    put("beta_cdf", x, a, b, stats.beta.cdf(x, a, b))
for n, p, k in itertools.product((1, 10, 300), (0.02, 0.5, 0.97),
                                 (0, 1, 5, 299)):
    put("binomial_cdf", k, n, p, stats.binom.cdf(k, n, p))
