#!/usr/bin/env python3
"""bench_forecast.py - random fits beside SciPy, and a back-test of real curves.

    bench_forecast.py BUILD

The 2,000 problems of bench_forecast are solved by SciPy's curve_fit from one
random start each, and counted the same way. The back-test of 106 public curves
at four origins, in order of time and leaving a group out, is that of
tools/backtest.py; it is left out where the curves are absent.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(TOP, "tools"))
import backtest  # noqa: E402

PEER = """
import sys, warnings
import numpy as np
from scipy.optimize import curve_fit
warnings.simplefilter("ignore")
np.seterr(all="ignore")
rng = np.random.default_rng(1)
numbers = iter(sys.stdin.read().split())
solved = count = 0
while True:
    head = [float(n) for _, n in zip(range(4), numbers)]
    if len(head) < 4:
        break
    x, y = np.array([float(next(numbers)) for _ in range(400)]).reshape(-1, 2).T
    count += 1
    start = (rng.uniform(0, 5), 10 ** rng.uniform(-1, 4), rng.uniform(0, 3))
    try:
        found, _ = curve_fit(lambda x, e, a, b: e + a * x ** -b, x, y, p0=start)
        e, a, b = found
        solved += np.sum((y - e - a * x ** -b) ** 2) <= head[3]
    except RuntimeError:
        pass
print(100 * solved / count)
"""


def random_fits(program):
    ours = [json.loads(line) for line in
            subprocess.run([program], check=True, capture_output=True,
                           text=True).stdout.splitlines()]
    ours = next(o for o in ours if "random" in o["name"])
    problems = subprocess.run([program, "--random"], check=True,
                              capture_output=True, text=True).stdout
    scipy = subprocess.run(
        ["/usr/bin/python3", "-c", PEER], input=problems, text=True,
        capture_output=True, check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    if scipy.returncode == 0:
        ours.update(name="solved of 2,000 random fits, beside one start",
                    peer="SciPy curve_fit", peer_value=float(scipy.stdout))
        print(json.dumps(ours))
    else:
        print("# no SciPy: random fits have no peer")


def back_test(tool):
    path = backtest.shared_curves()
    if not os.path.exists(path):
        print("# no public curves: no back-test")
        return
    text, _ = backtest.feed(backtest.read(path))
    said = subprocess.run([tool, "-t"], input=text, text=True, check=True,
                          capture_output=True).stderr
    print(json.dumps({"name": "back-test of 106 curves, 4 origins, 2 histories",
                      "value": float(said.split(",")[1].split()[0]),
                      "unit": "s", "better": "lower", "goal": 10}))


if __name__ == "__main__":
    random_fits(os.path.join(sys.argv[1], "bench", "bench_forecast"))
    back_test(os.path.join(sys.argv[1], "tests", "tools", "backtest_curves"))
