"""test_faces_golden.py - how invented cards are drawn, byte for byte.

Each row of CASES is a card on a face; expected/<name>.txt or .html holds it, the
style sheet taken out of pages. UPDATE=1 rewrites.
"""
# SPDX-License-Identifier: Apache-2.0
import difflib
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DRAW = os.environ["DRAW_FACES"]

CASES = {}
for card in ("matrix", "drift", "survival", "goodput", "frontier", "fan", "arms",
             "factors", "long", "parted"):
    CASES[card + "_60.txt"] = [card, "text", "60"]
    CASES[card + "_100.txt"] = [card, "text", "100"]
    CASES[card + ".html"] = [card, "html"]
CASES["matrix_ascii.txt"] = ["matrix", "text", "80", "ascii"]
CASES["factors_ascii.txt"] = ["factors", "text", "80", "ascii"]
CASES["goodput_ascii.txt"] = ["goodput", "text", "80", "ascii"]
CASES["arms_ascii.txt"] = ["arms", "text", "80", "ascii"]
CASES["arms_256.txt"] = ["arms", "text", "80", "256"]
CASES["matrix_256.txt"] = ["matrix", "text", "80", "256"]
CASES["matrix_true.txt"] = ["matrix", "text", "80", "true"]
CASES["matrix.md.txt"] = ["matrix", "markdown"]


def draw(words):
    """What the tool prints, without the style sheet."""
    done = subprocess.run([DRAW, *words], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return re.sub(r"<style>.*?</style>", "", done.stdout, flags=re.S)


def main():
    """One TAP line a case."""
    failed = 0
    for number, (name, words) in enumerate(CASES.items(), 1):
        actual = draw(words)
        path = os.path.join(HERE, "expected", name)
        if os.environ.get("UPDATE"):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(actual)
        with open(path, encoding="utf-8", newline="") as file:
            expected = file.read()
        for line in difflib.unified_diff(expected.splitlines(),
                                         actual.splitlines(), "expected",
                                         "drawn", lineterm=""):
            print("# " + line)
        failed += expected != actual
        print(f"{'not ' if expected != actual else ''}ok {number} - "
              f"{' '.join(words)} draws {name}", flush=True)
    print(f"1..{len(CASES)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
