"""test_fixtures.py - logs recorded with the real tools come out as logged.

Each folder of tests/fixtures holds what a tool wrote (log/) and what was logged
(expected.json); see tests/fixtures/record.py.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import tempfile

from shared import ROOT, km, run

FIXTURES = os.path.join(ROOT, "tests", "fixtures")
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def same(got, wanted, relative=0.0):
    """Equal, NaN equal to NaN."""
    got, wanted = WORDS.get(got, got), WORDS.get(wanted, wanted)
    if isinstance(wanted, float) and math.isnan(wanted):
        return isinstance(got, float) and math.isnan(got)
    return got == wanted or (got is not None and math.isclose(
        got, wanted, rel_tol=relative, abs_tol=relative))


def stored(store):
    """Series of a store by name and labels."""
    code, out, err = km("metrics", "--store", store, "--json")
    assert code == 0, err
    series = {}
    for line in out.splitlines():
        row = json.loads(line)
        series[row["metric"], row["labels"]] = row
    return series


def check(name):
    """Imports a fixture twice and compares every series."""
    folder = os.path.join(FIXTURES, name)
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    with tempfile.TemporaryDirectory() as work:
        store = os.path.join(work, "store")
        code, _, err = km("import", os.path.join(folder, "log"), "--store",
                          store, "--quiet")
        assert code == 0, err
        series = stored(store)
        wrong = []
        for metric, wanted in expected["series"].items():
            got = series.get((metric, ""))
            if got is None:
                wrong.append(f"{metric}: not there")
                continue
            for key, value in wanted.items():
                if not same(got[key], value, 1e-9 if key == "sum" else 0.0):
                    wrong.append(f"{metric}.{key}: {got[key]}, not {value}")
        for metric, count in expected.get("histograms", {}).items():
            got = series.get((metric, "stat=count"))
            if got is None or got["n"] != count:
                wrong.append(f"histogram {metric}: {got and got['n']}")
        assert not wrong, "; ".join(wrong)
        code, _, err = km("import", os.path.join(folder, "log"), "--store",
                          store, "--quiet")
        assert code == 0, err
        assert stored(store) == series, "imported again, something changed"


def tests():
    """One test per fixture."""
    for name in sorted(os.listdir(FIXTURES)):
        if os.path.exists(os.path.join(FIXTURES, name, "expected.json")):
            def test(name=name):
                check(name)
            test.__doc__ = f"{name} comes out as it was logged"
            yield test


if __name__ == "__main__":
    run(*tests())
