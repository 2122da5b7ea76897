"""test_forecast.py - `km forecast` beside finished runs: said, kept, judged."""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import random
import signal
import subprocess
import tempfile
import time

from runs_folder import RunsFolder
from shared import KM, km, run

PLANNED = 2000
LAB = 12  # finished configurations


def rate(step):
    """Warm-up of 50 steps, then a cosine to a tenth."""
    if step < 50:
        return step / 50
    return .1 + .45 * (1 + math.cos(math.pi * (step - 50) / (PLANNED - 50)))


def curves(seed, last):
    """A run of the lab: a power law on the sum of rates, less what a lower
    rate brings; the first `last` steps."""
    rng = random.Random(seed)
    level, drop = 2.5 + .02 * rng.gauss(0, 1), .12 + .02 * rng.gauss(0, 1)
    total, train, valid, lr = 0, [], [], []
    for step in range(1, last + 1):
        total += rate(step)
        down = drop * (1 - rate(step)) if step > 50 else 0
        loss = level + 20 * total ** -.5 - down
        if step % 5 == 0:
            train.append((step, step, loss + rng.gauss(0, .03)))
            lr.append((step, step, 3e-4 * rate(step)))
        if step % 50 == 0:
            valid.append((step, step, loss + .05 + rng.gauss(0, .004)))
    return {"train_loss": train, "val_loss": valid, "lr": lr}


def params(index):
    return {"max_steps": PLANNED, "width": 64 * (index + 1),
            "lr_scheduler_type": "cosine", "warmup_steps": 50,
            "learning_rate": 3e-4, "min_lr": 3e-5}


def build(root, last):
    """The lab, and a run of another configuration at step `last`."""
    folder = RunsFolder(root, "lab")
    for index in range(LAB):
        folder.add(f"done-{index}", params(index), curves(index, PLANNED))
    folder.add("live", params(LAB), curves(LAB, last),
               status=1 if last < PLANNED else 3)
    return os.path.join(root, "mlruns")


def figures(out):
    return {(f["id"], f["variant"]): f
            for f in json.loads(out.splitlines()[0])["figures"]}


def imported(root, store, last):
    code, _, err = km("import", build(root, last), "--store", store, "--quiet")
    assert code == 0, err


def journey():
    """a live run is forecast from finished ones, the record judges it later"""
    with tempfile.TemporaryDirectory() as root:
        store = os.path.join(root, "store")
        imported(root, store, 800)
        code, out, err = km("forecast", "live", "--store", store, "--json",
                            "--at", "1500", "--target", "2.95")
        assert code == 0, err
        # the import has kept eight: two curves, three milestones and the end
        assert "2 forecasts kept, 0 of earlier" in err, err
        rows = figures(out)
        truth = {s: v for s, _, v in curves(LAB, PLANNED)["val_loss"]}
        final = rows["forecast.final", "validation"]
        assert final["state"] == "OK", final
        assert final["rung"] == f"cross-run conformal, {LAB} configurations"
        assert abs(final["value"] - truth[PLANNED]) < .05, final
        assert any("cosine" in e and "config" in e for e in final["evidence"])
        at = rows["forecast.at", "step 1500"]
        assert at["lo"] < at["value"] < at["hi"] and at["state"] == "OK"
        chance = rows["forecast.probability", ""]
        assert 1 / (LAB + 1) <= chance["value"] <= LAB / (LAB + 1), chance
        when = rows["forecast.time_to_target", "step"]
        assert 800 < when["value"] <= PLANNED, when
        skill = rows["forecast.skill", "error"]
        assert skill["state"] == "INSUFFICIENT", skill
        kinds = {c["kind"] for c in json.loads(out.splitlines()[0])["curves"]
                 if c["id"] == "valid"}
        assert {"forecast", "forecast50"} <= kinds, kinds
        # said again, it is the same
        code, again, err = km("forecast", "live", "--store", store, "--json",
                              "--at", "1500", "--target", "2.95")
        assert code == 0 and "kept" not in err, err
        assert figures(again)["forecast.final", "validation"] == final

        imported(root, store, PLANNED)
        code, out, err = km("forecast", "live", "--store", store, "--json")
        assert code == 0 and "kept" not in err, err  # the import resolved them
        # the next run under way shows what the record came to
        imported(root, os.path.join(root, "other"), 800)
        folder = RunsFolder(root, "lab")
        folder.count = LAB + 1
        folder.add("next", params(LAB + 1), curves(LAB + 1, 900), status=1)
        code, _, err = km("import", os.path.join(root, "mlruns"), "--store",
                          store, "--quiet")
        assert code == 0, err
        code, out, err = km("report", "next", "--store", store, "--json")
        assert code == 0, err
        skill = figures(out)["forecast.skill", "error"]
        assert skill["state"] == "WEAK" and 0 < skill["value"] < 1, skill
        assert "10 of 18 kept forecasts" in skill["reason"], skill
        covered = figures(out)["forecast.skill", "coverage"]
        assert 0 <= covered["value"] <= 1 and covered["n"] == 10, covered


def bare():
    """without finished runs the forecast is a cold start, and says so"""
    with tempfile.TemporaryDirectory() as root:
        store = os.path.join(root, "store")
        folder = RunsFolder(root, "lab")
        folder.add("live", params(0), curves(3, 800), status=1)
        code, _, err = km("import", os.path.join(root, "mlruns"), "--store",
                          store, "--quiet")
        assert code == 0, err
        code, out, err = km("forecast", "--store", store, "--json",
                            "--no-keep")
        assert code == 0 and "kept" not in err, err
        final = figures(out)["forecast.final", "validation"]
        assert final["state"] == "WEAK", final
        assert final["rung"] == "cold start, not calibrated"
        assert figures(out)["forecast.skill", "error"]["reason"].startswith(
            "8 forecasts kept, none")
        code, out, err = km("forecast", "live", "--store", store, "--json",
                            "--at", "1111")
        assert "2 forecasts kept" in err, err


def wrong_input():
    """wrong steps and nothing under way are said in one sentence"""
    with tempfile.TemporaryDirectory() as root:
        store = os.path.join(root, "store")
        folder = RunsFolder(root, "lab")
        folder.add("done", params(0), curves(3, PLANNED))
        code, _, err = km("import", os.path.join(root, "mlruns"), "--store",
                          store, "--quiet")
        assert code == 0, err
        for words in ("0", "x", "5,,6", "1e400", ",".join(["5"] * 13)):
            code, _, err = km("forecast", "done", "--at", words, "--store",
                              store)
            assert code == 2 and "--at" in err, (words, code, err)
        code, _, err = km("forecast", "--store", store)
        assert code != 0 and "no run is under way" in err, err
        code, out, err = km("forecast", "done", "--store", store)
        assert code == 0 and "the run is at its end" in out, (out, err)
        code, out, err = km("forecast", "done", "--store", store,
                            "--horizon", "4000", "--json")
        final = figures(out)["forecast.final", "validation"]
        assert code == 0 and math.isfinite(final["value"]), final
        os.chmod(store, 0o500)
        code, out, err = km("forecast", "done", "--store", store)
        assert code == 0, err


def followed():
    """what is followed is forecast on its way, the record fills itself"""
    with tempfile.TemporaryDirectory() as root:
        store, log = os.path.join(root, "store"), os.path.join(root, "a.csv")
        rows = [f"{s},{v:.6f}" for s, _, v in curves(5, 2000)["train_loss"]]

        def write(first, last):
            with open(log, "a", encoding="utf-8") as file:
                file.write("".join(row + "\n" for row in rows[first:last]))

        def count():
            code, out, _ = km("report", "a", "--store", store, "--json")
            if code:
                return None
            skill = figures(out)["forecast.skill", "error"]
            return skill["n"], skill["reason"]
        with open(log, "w", encoding="utf-8") as file:
            file.write("step,train_loss\n")
        write(0, 60)
        with subprocess.Popen([KM, "import", log, "--store", store, "--follow",
                               "--quiet"]) as child:
            try:
                end = time.monotonic() + 60
                while count() is None and time.monotonic() < end:
                    time.sleep(.1)
                for first, last in ((60, 120), (120, 240), (240, 400)):
                    before = count()
                    time.sleep(2.1)  # looks are two seconds apart
                    write(first, last)
                    while count() == before and time.monotonic() < end:
                        time.sleep(.1)
                n, reason = count()
                assert n > 0 and "have come due" in reason, (n, reason)
            finally:
                child.send_signal(signal.SIGINT)
                assert child.wait(20) in (0, 130)


run(journey, bare, wrong_input, followed)
