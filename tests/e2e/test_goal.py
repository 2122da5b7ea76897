"""test_goal.py - `km goal` and runs of the same batches, from logs to report."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import random
import tempfile
import time

from runs_folder import RunsFolder
from shared import km, run


def runs(root):
    """One run at step 1000 of a second each, now; a longer one with the same
    batches, finished."""
    folder = RunsFolder(root, "lab")
    rng = random.Random(4)
    shared = [rng.gauss(0, .05) for _ in range(2001)]

    def curve(steps, offset):
        return {"train_loss": [(s, s, 2 + 3 * (s / 1000) ** -.5 + offset +
                                shared[s] + rng.gauss(0, .002))
                               for s in range(1, steps + 1)],
                "val_loss": [(s, s, 2.05 + 3 * (s / 1000) ** -.5 + offset)
                             for s in range(50, steps + 1, 50)]}
    now = int(time.time() * 1000)
    order = {"data_order_id": "mix-7"}
    folder.add("live", order, curve(1000, 0), status=1,
               start_ms=now - 1_000_000)
    folder.add("done", order, curve(2000, .1), start_ms=now - 9_000_000)
    return os.path.join(root, "mlruns")


def in_store(test):
    """The test with a store that holds the runs."""
    def wrapped():
        with tempfile.TemporaryDirectory() as root:
            store = os.path.join(root, "store")
            code, _, err = km("import", runs(root), "--store", store, "--quiet")
            assert code == 0, err
            test(lambda *words: km(*words, "--store", store), root)
    wrapped.__doc__ = test.__doc__
    return wrapped


@in_store
def journey(km_, root):
    """a goal is set, listed, judged for each run, reported and taken away"""
    code, out, _ = km_("goal", "list")
    assert code == 0 and out == "no goals\n"
    code, _, err = km_("goal", "add", "launch", "--run", "lab/*", "--target",
                       "4.3", "--deadline", "+1h", "--steps", "2500",
                       "--budget", "9", "--currency", "EUR")
    assert code == 0 and "2 runs" in err, err
    code, out, _ = km_("goal", "list", "--json")
    goal = json.loads(out)
    assert goal["runs"] == "lab/*" and goal["target"] == 4.3
    assert goal["steps"] == 2500 and goal["tokens"] is None
    assert abs(goal["deadline"] - time.time() - 3600) < 60
    code, out, err = km_("goal", "show", "launch", "--json")
    assert code == 0, err
    rows = {(f["id"], f["variant"]): f for f in json.loads(out)["figures"]}
    live = rows["goal.probability", "lab/live: steps"]
    assert live["state"] == "WEAK" and live["value"] > 0.9, live
    assert rows["goal.probability", "lab/done: steps"]["value"] == 1
    left = rows["goal.margin", "lab/live: deadline"]
    assert 0.7 < left["value"] < 0.9, left
    poor = rows["goal.probability", "lab/live: budget"]
    assert poor["state"] == "NOT_APPLICABLE" and "--price" in poor["reason"]
    page = os.path.join(root, "page.html")
    code, out, err = km_("report", "live", "--html", page)
    assert code == 0 and "launch: steps" in open(page, encoding="utf-8").read()
    code, out, _ = km_("report", "live", "--json")
    kinds = {c["kind"] for c in json.loads(out)["curves"] if c["id"] == "goal"}
    assert kinds == {"data", "line", "forecast"}, kinds
    assert km_("goal", "remove", "launch")[0] == 0
    assert km_("goal", "show", "launch")[0] == 5


@in_store
def refusals(km_, _root):
    """what cannot be a goal is refused with one sentence"""
    base = ("goal", "add", "g", "--run", "x", "--target", "3")
    for words, part in (
            (base, "needs a limit"),
            (base + ("--deadline", "2020-01-01"), "has passed"),
            (base + ("--deadline", "soon"), "is no time"),
            (base + ("--steps", "0"), "above 0"),
            (base + ("--steps", "nan"), "steps"),
            (("goal", "add", "g", "--steps", "5"), "--run and --target"),
            (("goal", "add"), "needs the name"),
            (("goal", "frob"), "no action"),
            (("goal", "add", "n" * 3000) + base[3:] + ("--steps", "5"), "bytes"),
            (("goal", "show", "g"), "there is none yet"),
            (("goal", "list", "g"), "takes no name")):
        code, out, err = km_(*words)
        assert code not in (0, 1) and part in err, (words, code, err)
        assert out == "" and err.count("\n") == 1, err
    code, _, err = km_(*base, "--steps", "5")
    assert code == 0 and "no run matches" in err, err
    code, _, err = km_(*base, "--steps", "7")
    assert code == 6 and "already" in err, err
    code, _, err = km_("goal", "show", "g")
    assert code == 5 and "no run matches" in err, err


@in_store
def related(km_, _root):
    """a goal that is there already is refused, one that decides nothing named"""
    def add(name, target, *words):
        code, out, err = km_("goal", "add", name, "--run", "lab/*", "--target",
                             target, *words)
        assert out == "", out
        return code, err
    assert add("hard", "4.3", "--steps", "2000")[0] == 0
    code, err = add("again", "4.3", "--steps", "2000")
    assert code == 6 and "'hard' is that goal already" in err, err
    assert err.count("\n") == 1, err
    code, err = add("easy", "4.5", "--steps", "2500")
    assert code == 0 and "'easy' follows from 'hard': to reach 4.3" in err, err
    code, err = add("soon", "4.6", "--steps", "1000")
    assert code == 0 and "follows" not in err, err
    code, err = add("gone", "30", "--steps", "900", "--metric", "val_loss")
    assert code == 0 and "asks for nothing: val_loss began at" in err, err
    code, out, err = km_("report", "live", "--json")
    told = [e for f in json.loads(out)["figures"]
            if f["id"] == "goal.probability" for e in f["evidence"]]
    assert any("'easy' follows from 'hard'" in e for e in told), told


@in_store
def same_batches(km_, _root):
    """a run with the same batches narrows the local velocity and is named"""
    def local(*words):
        code, out, err = km_("report", "live", "--json", *words)
        assert code == 0, err
        return next(f for f in json.loads(out)["figures"]
                    if f["id"] == "learn.velocity_local")
    found = local()
    said = " ".join(found["evidence"])
    assert "reference: lab/done (data_order_id mix-7)" in said, said
    named = local("--reference", "done")
    assert "(--reference)" in " ".join(named["evidence"])
    assert abs(named["value"] - found["value"]) < 1e-12
    code, _, err = km_("report", "live", "--reference", "*")
    assert code == 2 and "takes one run" in err, err


if __name__ == "__main__":
    run(journey, refusals, related, same_batches)
