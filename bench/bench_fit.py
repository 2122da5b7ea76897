#!/usr/bin/env python3
"""bench_fit.py - a fit of 200 points beside SciPy's curve_fit.

    bench_fit.py BUILD

Asks bench_score for its fit, and times curve_fit on the same 200 points from
the same number of starts as a careful user would give it: one. SciPy is taken
from the system's Python; without it the line has no peer.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys

PEER = """
import sys, time
import numpy as np
from scipy.optimize import curve_fit
x, y = np.loadtxt(sys.stdin, unpack=True)
def law(x, e, a, b):
    return e + a * x ** -b
times = []
for _ in range(21):
    start = time.process_time()
    found, _ = curve_fit(law, x, y, p0=(1.0, 10.0, 0.5), maxfev=20000)
    times.append(time.process_time() - start)
print(sorted(times)[10] * 1e6)
"""


def main():
    """Prints the line of bench_score, with a peer."""
    program = os.path.join(sys.argv[1], "bench", "bench_score")
    ours = json.loads(subprocess.run([program, "--fit"], check=True,
                                     capture_output=True, text=True).stdout)
    points = subprocess.run([program, "--points"], check=True,
                            capture_output=True, text=True).stdout
    scipy = subprocess.run(
        ["/usr/bin/python3", "-c", PEER], input=points, text=True,
        capture_output=True, check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    if scipy.returncode == 0:
        ours.update(peer="SciPy curve_fit", peer_value=float(scipy.stdout))
    else:
        print("# no SciPy: the fit has no peer")
    print(json.dumps(ours))


if __name__ == "__main__":
    main()
