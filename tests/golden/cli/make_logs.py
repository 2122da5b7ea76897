"""make_logs.py - the two small runs behind the golden outputs.

Written by formula, so that anyone can see what the figures should be:
loss = 2.5 + 6 / (step + 2)^0.45 and a fixed ripple; 100,000 tokens a step;
one step every half second. `steady` has validation every 50 steps; `short`
ends early, with one value that is not finite.
"""
# SPDX-License-Identifier: Apache-2.0
import os
import sys

ROWS = {"steady": 400, "short": 12}


def ripple(step):
    """-0.02 .. 0.02, always the same."""
    return ((step * 7919) % 41 - 20) / 1000


def main(folder):
    """Writes one CSV a run."""
    for name, rows in ROWS.items():
        path = os.path.join(folder, "lab", name + ".csv")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write("step,time,train_loss,val_loss,tokens\n")
            for step in range(1, rows + 1):
                loss = 2.5 + 6 / (step + 2) ** 0.45 + ripple(step)
                text = "nan" if name == "short" and step == 5 else f"{loss:.4f}"
                valid = f"{loss - ripple(step) + 0.02:.4f}" if step % 50 == 0 \
                    else ""
                file.write(f"{step},{1700000000 + step * 0.5:.1f},{text},"
                           f"{valid},{step * 100000}\n")


if __name__ == "__main__":
    main(sys.argv[1])
