#!/usr/bin/env python3
"""make_smooth.py - expected values of measure/{smooth,monotone}.h.

    python3 tests/oracle/make_smooth.py > tests/oracle/smooth.txt

Needs numpy, scipy, pandas, scikit-learn and statsmodels. Lines: a word, sizes and
inputs, then `=` and the expected numbers.
"""
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pandas as pd
import sklearn
import statsmodels
from scipy.interpolate import PchipInterpolator
from sklearn.isotonic import IsotonicRegression
from statsmodels.nonparametric.smoothers_lowess import lowess

print(f"# numpy {np.__version__} pandas {pd.__version__} "
      f"scikit-learn {sklearn.__version__} statsmodels {statsmodels.__version__}")
rng = np.random.default_rng(5)


def put(*words):
    print(*(w if isinstance(w, str) else repr(float(w)) for w in words))


def lists(*columns):
    return [v for row in zip(*columns) for v in row]


for n, half_life in ((1, 3), (9, 0.5), (40, 7), (40, 300)):
    x = np.cumsum(rng.integers(1, 9, n)).astype(float)
    y = 3 + rng.normal(size=n)
    times = pd.to_datetime((x * 1e9).astype("int64"))
    ewm = pd.Series(y).ewm(halflife=pd.Timedelta(seconds=half_life), times=times)
    put("ema", n, half_life, *lists(x, y), "=", *ewm.mean())

for n, fraction, passes, ties in ((2, 1, 0, 0), (25, .4, 0, 0), (60, .3, 3, 0),
                                  (60, .5, 3, 1), (90, .1, 2, 0)):
    x = np.sort(rng.uniform(1, 500, n))
    if ties:
        x = np.floor(x / 20)
    y = 2 + 30 / (x + 9) + .2 * rng.standard_t(2, size=n)
    put("loess", n, fraction, passes, *lists(x, y), "=",
        *lowess(y, x, frac=fraction, it=passes, is_sorted=True,
                return_sorted=False))

for n, falling in ((1, 1), (12, 1), (12, 0), (80, 1), (80, 0)):
    y = np.round(rng.normal(size=n) - (.05 if falling else -.05) * np.arange(n), 2)
    w = rng.integers(1, 6, n).astype(float)
    iso = IsotonicRegression(increasing=not falling)
    put("isotonic", n, falling, *lists(y, w), "=",
        *iso.fit_transform(np.arange(n), y, sample_weight=w))

for n, m in ((2, 4), (3, 5), (12, 40), (40, 60)):
    x = np.cumsum(rng.uniform(.1, 3, n))
    y = np.round(np.cumsum(rng.normal(size=n)), 1)
    if n == 12:
        y[4:7] = y[4]  # a plateau
    at = np.sort(np.append(rng.uniform(x[0], x[-1], m - 2), (x[0], x[-1])))
    put("monotone", n, m, *lists(x, y), *at, "=", *PchipInterpolator(x, y)(at))
