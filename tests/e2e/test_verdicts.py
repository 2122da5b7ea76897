"""test_verdicts.py - planted faults are found, healthy curves are left alone, and
`km explain VERDICT RUN` says why."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import random
import sys
import tempfile

from runs_folder import RunsFolder
from shared import KM, ROOT, SHARED, km, run

sys.path.insert(0, os.path.join(ROOT, "tools"))
import verdict_check  # pylint: disable=wrong-import-position

# Found at least, of 10; a plateau and an ended run need a quiet curve.
LEAST = {"plateau": 8, "underfitting": 6}
_rows = {}


def rows():
    if not _rows:
        path = os.path.join(SHARED or "", "data", "curves", "curves.csv.gz")
        _rows.update(verdict_check.measure(
            KM, 10, 5, path if os.path.exists(path) else None))
    return _rows


def stated():
    """{verdict: false alarms per 1,000 steps at most}, as km says it."""
    code, out, err = km("explain", "verdict", "--json")
    assert code == 0, err
    said = [json.loads(line) for line in out.splitlines()]
    return {f["id"].split(".")[1]: f["false_alarms_per_1000_steps_max"]
            for f in said}


def found():
    """planted faults are found, with their onset"""
    for verdict, row in rows().items():
        print(f"# {verdict}: {row['found']} of {row['runs']}, median "
              f"{row['late']:.0f} steps late, onset off by {row['onset']:.0f}")
        assert row["found"] >= LEAST.get(verdict, 9), (verdict, row)
    true = rows()["underfitting"].get("true", [])
    assert not true or sum(true) >= .3 * len(true), true
    for verdict, late in (("nonfinite", 0), ("spike", 5), ("stalled", 1),
                          ("diverged", 200)):
        assert 0 <= rows()[verdict]["late"] <= late, (verdict, rows()[verdict])


def healthy():
    """nothing fires on healthy curves more often than it says"""
    limits = stated()
    assert set(limits) == set(verdict_check.VERDICTS), limits
    for verdict, row in rows().items():
        for kind in ("generated", "public"):
            of = row[kind]
            if not of["judged"]:
                continue
            rate = verdict_check.rate(of)
            print(f"# {verdict}, {kind}: {of['alarms']} in {of['judged']} runs, "
                  f"{rate:.4f} per 1,000 steps")
            assert rate <= limits[verdict], (verdict, kind, of)
            # an end that gained 0.9 % is as good as one of 1 %
            share = .15 if verdict == "underfitting" else .05
            assert of["alarmed"] <= share * of["judged"] + 1, (verdict, kind, of)


def remembered():
    """what a run was told at 70 % of its steps is told again at its end"""
    dice, told = random.Random(11), 0
    with tempfile.TemporaryDirectory() as root:
        folder, names = RunsFolder(root), []
        for fault, make in verdict_check.FAULTS.items():
            for i in range(3):
                curves = make(dice).curves()
                for share in (.7, 1):
                    last = share * verdict_check.STEPS
                    name = f"{fault}-{i}-{share}"
                    folder.add(name, {}, {
                        metric: [row for row in points if row[0] <= last]
                        for metric, points in curves.items()}, status=1)
                    names.append(name)
        store = os.path.join(root, "store")
        assert km("import", os.path.join(root, "mlruns"), "--store", store,
                  "--quiet")[0] == 0
        code, out, err = km("report", *names, "--store", store, "--json")
        assert code == 0, err
        cards = [json.loads(line) for line in out.splitlines()]
        for early, late in zip(cards[::2], cards[1::2]):
            marks = [{(m["x"], m["text"]) for m in card["marks"]
                      if m["kind"] == "verdict" and "stall at" not in m["text"]}
                     for card in (early, late)]
            assert marks[0] <= marks[1], (early["run"], marks)
            told += len(marks[0])
    assert told >= 10, told


def explained():
    """km explain VERDICT RUN: evidence, onset, rule, rate; json; refusals"""
    dice = random.Random(5)
    with tempfile.TemporaryDirectory() as root:
        folder = RunsFolder(root)
        folder.add("hurt", {}, verdict_check.spike(dice).curves())
        folder.add("fine", {}, verdict_check.healthy(dice).curves())
        store = os.path.join(root, "store")
        assert km("import", os.path.join(root, "mlruns"), "--store", store,
                  "--quiet")[0] == 0
        code, out, err = km("explain", "verdict.spike", "hurt", "--store", store)
        assert code == 0, err
        for part in ("in lab/hurt   OVER", "seen     at step", "rose by",
                     "6 sigma", "0.01 false alarms per 1,000 steps"):
            assert part in out, (part, out)
        code, out, err = km("explain", "verdict", "fine", "--json", "--store",
                            store)
        assert code == 0, err
        states = {json.loads(line)["result"]["state"]
                  for line in out.splitlines()}
        assert states <= {"QUIET", "INSUFFICIENT", "NOT_APPLICABLE"}, states
        code, out, err = km("explain", "verdict.spike", "none", "--store", store)
        assert code == 5 and err.count("\n") == 1, (code, err)
        code, out, err = km("report", "hurt", "fine", "--store", store)
        assert code == 0 and "no verdict fired: nonfinite" in out, (out, err)
        assert "spike at step" in out, out


run(found, healthy, remembered, explained)
