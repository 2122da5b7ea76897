"""test_tasks.py - `km tasks` over continual tuning that others logged."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import tempfile

from shared import km, need_shared, run


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
            assert "R[3][3] is missing: yahoo after stage 3" in bwt["reason"]
            assert figure(card, "retain.forgetting")["value"] is None
        for one in card["figures"]:
            assert one["value"] is None or one["lo"] is None, \
                ("no n, one seed: no interval", one)


def frontier():
    """lineages over the same tasks are held against each other"""
    with tempfile.TemporaryDirectory() as root:
        store = load(root)
        card = cards_of(store)["tasks"]
        alone = cards_of(store, "order1_olora")
    assert "order1_olora/outputs forgets least: 1.18" in card["headline"], card
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


run(known_truths, frontier, words, faces, nothing)
