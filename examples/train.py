"""train.py - a small training that records itself: python3 examples/train.py

Needs nothing but the package (pip install ./python). Then: km import knotmeter
"""
# SPDX-License-Identifier: Apache-2.0
import random

import knotmeter as km

random.seed(1)
w, b, rate = 0.0, 0.0, 0.05
with km.init(project="examples", name="line", config={"lr": rate},
             stop=True) as run:
    for step in range(400):
        x = random.uniform(-1, 1)
        error = w * x + b - (3 * x + 0.5) + random.gauss(0, 0.1)
        w, b = w - rate * error * x, b - rate * error
        run.log({"train/loss": error * error, "weights": {"w": w, "b": b}},
                step=step)
        if step % 100 == 99:
            run.evaluation("line", "distance", abs(w - 3), step=step,
                           higher_is_better=False)
        if km.should_stop():
            break
