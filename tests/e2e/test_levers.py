"""test_levers.py - `km levers` and `km halving` over an imported sweep."""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import tempfile

from runs_folder import RunsFolder
from shared import km, run


def sweep(root):
    """Two optimisers x two widths x three seeds; muon is 1.25 times as fast per
    step, and a step of width 768 takes 1.5 times as long."""
    folder = RunsFolder(root, "sweep")
    for optimizer, scale in (("adamw", 500), ("muon", 400)):
        for width, seconds in (("512", 0.1), ("768", 0.15)):
            for seed in (1, 2, 3):
                s = scale * (1 + 0.01 * (seed - 2))
                rows = [(x, seconds * x, 2 + 2 * math.sqrt(s / x))
                        for x in range(10, 2001, 10)]
                folder.add(f"{optimizer}-{width}-{seed}",
                           {"optimizer": optimizer, "width": width,
                            "seed": seed, "run_name": f"r{folder.count}",
                            "batch_size": 8}, {"val/loss": rows})
    return os.path.join(root, "mlruns")


def figures(store, *words):
    code, out, err = km(*words, "--store", store, "--json")
    assert code == 0, err
    return json.loads(out)


def effects():
    """a sweep gives back what each setting did, split into data and speed"""
    with tempfile.TemporaryDirectory() as root:
        store = os.path.join(root, "store")
        code, _, err = km("import", sweep(root), "--store", store, "--quiet")
        assert code == 0, err
        card = figures(store, "levers", "--target", "4")
        found = {f["variant"]: f for f in card["figures"]
                 if f["id"] == "levers.effect"}
        muon = found["optimizer muon against adamw"]
        assert abs(muon["value"] - 1.25) < 0.01, muon
        assert muon["lo"] < 1.25 < muon["hi"] and muon["state"] == "OK", muon
        wide = found["width 768 against 512"]
        assert abs(wide["value"] - 1 / 1.5) < 0.01, wide
        split = " ".join(wide["evidence"])
        assert "1.000x learning" in split and "0.667x speed" in split, split
        assert found["pruning"]["state"] == "NOT_APPLICABLE"
        shares = {f["variant"]: f["value"] for f in card["figures"]
                  if f["id"] == "levers.importance"}
        assert shares["width"] > shares["optimizer"] > 0.1, shares
        assert "seed" not in shares and "batch_size" not in shares
        assert any(m["kind"] == "points" for m in card["curves"])
        only = figures(store, "levers", "--key", "opt*", "--axis", "step")
        names = {f["variant"] for f in only["figures"]
                 if f["id"] == "levers.importance"}
        assert names == {"optimizer"}, names


def faces():
    """every face of the answer is made"""
    with tempfile.TemporaryDirectory() as root:
        store, page = os.path.join(root, "store"), os.path.join(root, "p.html")
        km("import", sweep(root), "--store", store, "--quiet")
        for form in ("text", "csv", "markdown"):
            code, out, err = km("levers", "--store", store, "--format", form)
            assert code == 0 and "levers.effect" in out, (form, err)
        code, _, err = km("levers", "--store", store, "--html", page)
        assert code == 0 and os.path.getsize(page) > 1000, err


def refusals():
    """too little to compare, and wrong options, get a sentence"""
    with tempfile.TemporaryDirectory() as root:
        store = os.path.join(root, "store")
        folder = RunsFolder(root)
        folder.add("one", {"lr": 1}, {"loss": [(1, 1, 2.0), (2, 2, 1.0)]})
        km("import", os.path.join(root, "mlruns"), "--store", store, "--quiet")
        card = figures(store, "levers")
        first = card["figures"][0]
        assert first["state"] == "INSUFFICIENT" and first["value"] is None
        assert "at least 4 are needed" in first["reason"], first
        card = figures(store, "halving")
        assert card["figures"][0]["state"] == "INSUFFICIENT"
        for words in (("halving", "--eta", "1"), ("halving", "--risk", "0.7")):
            code, _, err = km(*words, "--store", store)
            assert code == 2 and "must be above" in err, (words, code, err)


run(effects, faces, refusals)
