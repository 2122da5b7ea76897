"""test_tasks.py - `km tasks` over continual tuning that others logged."""
# SPDX-License-Identifier: Apache-2.0
import ctypes
import json
import math
import os
import subprocess
import sys
import tempfile

from runs_folder import RunsFolder
from shared import KM, Skip, km, need_shared, run

LIBRARY = os.path.join(os.path.dirname(KM), "client", "libknotmeter.so")


def truth():
    """What is known of the shared logs, by name of the run."""
    path = need_shared("data", "logs", "truth", "cross_checks.json")
    with open(path, encoding="utf-8") as file:
        return json.load(file)["continual"]


def load(root):
    """A store with the shared logs."""
    store = os.path.join(root, "store")
    code, _, err = km("import", need_shared("data", "logs", "continual"),
                      "--store", store, "--quiet")
    assert code == 0, err
    return store


def cards_of(store, *words):
    """Cards by the name of their run."""
    code, out, err = km("tasks", *words, "--store", store, "--json")
    assert code == 0, err
    return {c["run"]: c for c in map(json.loads, out.splitlines())}


def figure(card, name, variant=""):
    """One figure of a card."""
    found = [f for f in card["figures"]
             if (f["id"], f["variant"]) == (name, variant)]
    assert len(found) == 1, (name, variant, found)
    return found[0]


def near(value, expected, what):
    """Equal to 1e-9 of its size."""
    assert abs(value - expected) <= 1e-9 * max(abs(expected), 1), \
        (what, value, expected)


def known_truths():
    """accuracy, backward transfer, forgetting and every cell are the known ones"""
    expected = truth()
    with tempfile.TemporaryDirectory() as root:
        cards = cards_of(load(root))
    assert len(cards) == 4, list(cards)
    for name, want in expected.items():
        card = next(c for run_name, c in cards.items() if name in run_name)
        near(figure(card, "retain.acc")["value"], want["ACC_macro_last_row"],
             name)
        matrix, = card["matrices"]
        assert matrix["columns"] == want["tasks"], matrix["columns"]
        assert matrix["values"] == want["R"], (name, matrix["values"])
        fwt = figure(card, "retain.fwt")
        assert fwt["state"] == "INSUFFICIENT" and "R[0][2]" in fwt["reason"]
        bwt = figure(card, "retain.bwt")
        if "BWT" in want:
            near(bwt["value"], want["BWT"], name)
            near(figure(card, "retain.forgetting")["value"],
                 want["forgetting_max"], name)
            rows = [[v for v in row if v is not None] for row in want["R"]]
            near(figure(card, "retain.acc", "over stages")["value"],
                 sum(sum(r) / len(r) for r in rows) / len(rows), name)
        else:
            assert bwt["state"] == "INSUFFICIENT", bwt
            assert "R[3][3] is missing: yahoo after its own stage" in bwt["reason"]
            assert figure(card, "retain.forgetting")["value"] is None
        for one in card["figures"]:
            assert one["lo"] is None or not one["id"].startswith("retain."), \
                ("no n, one seed: no interval", one)


def frontier():
    """lineages over the same tasks are held against each other"""
    with tempfile.TemporaryDirectory() as root:
        store = load(root)
        card = cards_of(store)["tasks"]
        alone = cards_of(store, "order1_olora")
    assert card["headline"] == "order1_olora forgets least: a score of 1.18, " \
            "against 14.5 of order1_icrlora.", card
    places = {f["variant"].split("/")[-2]: f for f in card["figures"]}
    assert "on the frontier" in places["order1_olora"]["reason"]
    assert places["order1_seqlora"]["state"] == "INSUFFICIENT"
    assert any(c["id"] == "frontier" and c["kind"] == "points"
               for c in card["curves"])
    assert len(alone) == 1 and "tasks" not in alone, list(alone)


def words():
    """a project names its runs; a metric is chosen, or named, or refused"""
    with tempfile.TemporaryDirectory() as root:
        store = load(root)
        assert len(cards_of(store, "continual")) == 4
        card = cards_of(store, "olora", "--metric", "rouge1")
        one = next(iter(card.values()))
        assert one["matrices"][0]["title"] == "rouge1 after each stage"
        card = cards_of(store, "olora", "--metric", "bleu*")
        acc = figure(next(iter(card.values())), "retain.acc")
        assert acc["state"] == "INSUFFICIENT", acc
        assert "by that metric" in acc["reason"], acc
        code, _, err = km("tasks", "olora", "--reference", "*", "--store",
                          store)
        assert code == 2 and "not one" in err, err
        code, _, err = km("tasks", "nothing", "--store", store)
        assert code == 5, err


def faces():
    """every face of the answer is made"""
    with tempfile.TemporaryDirectory() as root:
        store, page = load(root), os.path.join(root, "p.html")
        for form in ("text", "csv", "markdown"):
            code, out, err = km("tasks", "--store", store, "--format", form)
            assert code == 0 and "retain.acc" in out, (form, err)
        code, _, err = km("tasks", "--store", store, "--html", page)
        assert code == 0 and os.path.getsize(page) > 1000, err


def nothing():
    """a store without stages gets a sentence"""
    with tempfile.TemporaryDirectory() as root:
        store, log = os.path.join(root, "store"), os.path.join(root, "a.jsonl")
        with open(log, "w", encoding="utf-8") as file:
            file.write("".join(json.dumps({"step": i, "loss": 3 - i / 10})
                               + "\n" for i in range(10)))
        km("import", log, "--store", store, "--quiet")
        card = cards_of(store)["tasks"]
        acc = figure(card, "retain.acc")
        assert acc["state"] == "INSUFFICIENT" and acc["reason"], acc


def curve(scale, first=0, metric="val/loss"):
    """4 (x/scale)^-0.5 over 2,000 steps of 0.1 s, counted from `first`."""
    return {metric: [(first + x, 0.1 * x, 4 / math.sqrt(x / scale))
                     for x in range(10, 2001, 10)]}


def family(root):
    """base -> sums -> maps with three seeds of the last, and maps from scratch;
    the last stage counts its steps on from its parent's."""
    folder = RunsFolder(root)
    base = folder.add("base", {"lr": 1}, curve(900))
    sums = folder.add("sums", {"lr": 1, "task": "sums"}, curve(600),
                      tags={"mlflow.parentRunId": base})
    for seed in (1, 2, 3):
        off = 1 + 0.02 * (seed - 2)
        folder.add(f"maps-{seed}", {"lr": 1, "task": "maps", "seed": seed},
                   curve(200 * off, 2000), tags={"mlflow.parentRunId": sums})
        folder.add(f"scratch-{seed}", {"lr": 2, "task": "maps", "seed": seed},
                   curve(600 * off))
    folder.add("other", {"lr": 3, "task": "maps"}, curve(400))
    maps = folder.add("sums-after-maps", {"lr": 4, "task": "sums"}, curve(150),
                      tags={"mlflow.parentRunId": f"{4:032x}"})
    folder.add("sums-alone", {"lr": 5, "task": "sums"}, curve(450))
    assert maps
    return os.path.join(root, "mlruns")


def tuned():
    """runs that name a parent: speed over scratch, savings, worth of a task"""
    with tempfile.TemporaryDirectory() as root:
        store = os.path.join(root, "store")
        code, _, err = km("import", family(root), "--store", store, "--quiet")
        assert code == 0, err
        cards = cards_of(store, "--baseline", "other", "--target", "4",
                         "--price-per-step", "0.01", "--currency", "EUR")
    seeds = next(c for n, c in cards.items() if "and 2 seeds" in n)
    # "other" says the task and no parent, but is the base line
    speedup = figure(seeds, "tune.speedup", "over base line, per step")
    assert abs(speedup["value"] - 2) < 0.01, speedup
    saved = figure(seeds, "tune.savings", "over base line, per step")
    assert abs(saved["value"] - 0.5) < 0.01, saved
    target = figure(seeds, "tune.to_target", "step")
    assert abs(target["value"] - 200) < 1 and target["lo"] < 200 < target["hi"]
    seconds = figure(seeds, "tune.to_target", "active second")
    assert seconds["unit"] == "s" and abs(seconds["value"] - 20) < 0.5, seconds
    money = figure(seeds, "tune.to_target", "currency")
    assert money["unit"] == "EUR" and abs(money["value"] - 2) < 0.01, money
    ratio = figure(seeds, "transfer.threshold_ratio", "per step")
    assert abs(ratio["value"] - 3) < 0.02 and ratio["state"] == "OK", ratio
    cost = figure(seeds, "transfer.threshold_ratio", "per step, with source")
    assert cost["value"] < 0.2, cost
    assert "transition" in figure(seeds, "plasticity.trend",
                                  "transition time")["variant"]
    matrix, = cards["tasks"]["matrices"]
    assert matrix["id"] == "transfer" and matrix["rows"] == ["sums", "maps"]
    assert set(matrix["columns"]) == {"maps", "sums"}, matrix


def scratch_named():
    """runs from scratch may be named; rewards count as losses do"""
    with tempfile.TemporaryDirectory() as root:
        folder, store = RunsFolder(root), os.path.join(root, "store")

        def rewards(scale):
            return {"reward": [(s, t, 100 - v) for s, t, v in
                               curve(scale)["val/loss"]]}
        first = folder.add("first", {}, rewards(600))
        folder.add("next", {}, rewards(200), tags={"mlflow.parentRunId": first})
        folder.add("alone", {}, rewards(600))
        km("import", os.path.join(root, "mlruns"), "--store", store, "--quiet")
        card = cards_of(store, "next", "--scratch", "alone")["lab/next"]
        speedup = figure(card, "tune.speedup", "over scratch, per step")
        assert abs(speedup["value"] - 3) < 0.05, speedup
        jump = figure(card, "transfer.jumpstart")
        assert jump["value"] > 10 and jump["better"] == "higher", jump
        without = cards_of(store, "next")["lab/next"]
        assert figure(without, "tune.speedup", "over scratch, per step")[
            "state"] == "NOT_APPLICABLE"
        # a parent that holds runs together and never trained is no stage
        folder.add("sweep", {}, {})
        assert "tasks" not in cards_of(store), "one lineage needs no summary"


class Options(ctypes.Structure):
    """struct km_run_options"""
    _fields_ = [(n, ctypes.c_char_p) for n in
                ("dir", "project", "id", "name", "group", "parent", "notes",
                 "device")] + \
        [("rank", ctypes.c_int), ("world_size", ctypes.c_int),
         ("disk_bytes_max", ctypes.c_uint64),
         ("segment_bytes", ctypes.c_uint64), ("buffered", ctypes.c_int),
         ("patient", ctypes.c_int), ("quiet", ctypes.c_int),
         ("url", ctypes.c_char_p), ("finish_wait_ms", ctypes.c_int),
         ("keep_shipped", ctypes.c_int)]


class Evaluation(ctypes.Structure):
    """struct km_run_evaluation"""
    _fields_ = [(n, ctypes.c_char_p) for n in
                ("task", "metric", "version", "filter", "subset", "model",
                 "stage")] + \
        [("value", ctypes.c_double), ("standard_error", ctypes.c_double),
         ("n", ctypes.c_int64), ("step", ctypes.c_int64),
         ("cost_seconds", ctypes.c_double), ("higher_is_better", ctypes.c_int)]


def write_journal(folder):
    """In a process of its own: a staged run, a chain of runs, switched data."""
    library = ctypes.CDLL(LIBRARY)
    library.km_run_open.restype = ctypes.c_void_p
    library.km_run_log_name.argtypes = [ctypes.c_void_p, ctypes.c_int64,
                                        ctypes.c_char_p, ctypes.c_double]
    library.km_run_event.argtypes = [ctypes.c_void_p, ctypes.c_char_p,
                                     ctypes.c_char_p, ctypes.c_int64,
                                     ctypes.c_char_p]

    def begin(name, parent=None):
        return ctypes.c_void_p(library.km_run_open(ctypes.byref(Options(
            dir=folder.encode(), project=b"lab", id=name, parent=parent,
            quiet=1))))

    def score(handle, stage, step, **scores):
        for task, value in scores.items():
            library.km_run_evaluate(handle, ctypes.byref(Evaluation(
                task=task.encode(), metric=b"acc", stage=stage, value=value,
                standard_error=math.nan, n=1000, step=step,
                higher_is_better=1)))
    staged = begin(b"staged")
    score(staged, None, 0, sums=0.1, maps=0.2)
    score(staged, b"sums", 100, sums=0.8, maps=0.3)
    score(staged, b"maps", 200, sums=0.6, maps=0.9)
    library.km_run_close(staged)
    for name, parent, scores in ((b"base", None, (0.1, 0.2)),
                                 (b"sums", b"base", (0.8, 0.3)),
                                 (b"maps", b"sums", (0.6, 0.9))):
        chained = begin(name, parent)
        score(chained, None, -2 ** 63, sums=scores[0], maps=scores[1])
        library.km_run_close(chained)
    switched = begin(b"switched")
    for stage, tau in enumerate((100, 200, 400, 800)):
        if stage:
            library.km_run_event(switched, b"data_switch", b"task%d" % stage,
                                 4000 * stage, None)
        for x in range(10, 4001, 10):
            library.km_run_log_name(switched, 4000 * stage + x, b"loss",
                                    1 + 3 * math.exp(-x / tau))
    library.km_run_close(switched)


def client_library():
    """what the client library logs: stages by name, parents, switched data"""
    if not os.path.exists(LIBRARY):
        raise Skip("no client library here")
    with open(LIBRARY, "rb") as file:
        if b"__asan_init" in file.read():
            raise Skip("built with a sanitizer")
    with tempfile.TemporaryDirectory() as root:
        journal, store = (os.path.join(root, n) for n in ("j", "store"))
        subprocess.run([sys.executable, __file__, "--journal", journal],
                       check=True)
        code, _, err = km("import", journal, "--store", store, "--quiet")
        assert code == 0, err
        cards = cards_of(store)
        stages = cards_of(store, "switched")["lab/switched"]
    for name in ("lab/staged", "lab/maps"):
        card = cards[name]
        near(figure(card, "retain.bwt")["value"], -0.2, name)
        near(figure(card, "retain.fwt")["value"], 0.1, name)
        assert card["matrices"][0]["rows"] == ["before", "1 sums", "2 maps"]
        error = math.sqrt(sum(p * (1 - p) / 1000 for p in (0.8, 0.6)))
        bwt = figure(card, "retain.bwt")
        assert abs((bwt["hi"] - bwt["lo"]) / 2 / error - 1.28155) < 2e-3, bwt
        assert bwt["state"] == "OK" and bwt["level"] == 0.8, bwt
    assert "lab/switched" not in cards, "only when it is asked for"
    assert "took 1.96x as long as the one before" in stages["headline"], stages
    assert not any(f["id"].startswith("tune.") for f in stages["figures"])
    times = [f["value"] for f in stages["figures"]
             if f["id"] == "transfer.transition_time"]
    assert len(times) == 4, times
    for value, tau in zip(times, (100, 200, 400, 800)):
        assert abs(value / (10 + tau * math.log(10)) - 1) < 0.1, (value, tau)
    trend = figure(stages, "plasticity.trend", "transition time")
    assert 1.8 < trend["value"] < 2.2 and trend["lo"] > 1.5, trend
    assert trend["state"] == "OK" and trend["level"] >= 0.8, trend


if sys.argv[1:2] == ["--journal"]:
    write_journal(sys.argv[2])
    sys.exit(0)
run(client_library, tuned, scratch_named, known_truths, frontier, words, faces, nothing)
