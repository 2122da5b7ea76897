"""test_import_follow.py - km import --follow reads what is added while it runs,
and stops in good order; an interrupted import goes on where it stopped."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import signal
import subprocess
import tempfile
import time

from shared import KM, km, run


def points(store):
    """Points held, by metric."""
    code, out, _ = km("metrics", "--store", store, "--json")
    rows = [json.loads(line) for line in out.splitlines()] if code == 0 else []
    return {(r["external_id"], r["metric"]): r["n"] for r in rows}


def wait_for(store, expected, seconds=20):
    """Waits until the store holds what is expected."""
    end = time.monotonic() + seconds
    while points(store) != expected:
        assert time.monotonic() < end, f"{points(store)}, not {expected}"
        time.sleep(0.1)


def append(path, text):
    """Adds to a file."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def follow():
    """grown, new, renamed and rewritten files are followed; SIGINT ends it"""
    with tempfile.TemporaryDirectory() as folder:
        logs, store = os.path.join(folder, "logs"), os.path.join(folder, "s")
        os.mkdir(logs)
        a, b = os.path.join(logs, "a.csv"), os.path.join(logs, "b.csv")
        append(a, "step,loss\n1,3.5\n")
        with subprocess.Popen([KM, "import", logs, "--store", store,
                               "--follow", "--quiet"]) as child:
            try:
                wait_for(store, {("a", "loss"): 1})
                append(a, "2,3\n3,2.5")  # its last line has no end yet
                append(b, "step,loss\n1,7\n2,6\n")
                wait_for(store, {("a", "loss"): 2, ("b", "loss"): 2})
                append(a, "5\n4,2\n")
                wait_for(store, {("a", "loss"): 4, ("b", "loss"): 2})
                os.rename(b, os.path.join(logs, "c.csv"))
                append(os.path.join(logs, "c.csv"), "3,5\n")
                wait_for(store, {("a", "loss"): 4, ("b", "loss"): 3})
                with open(a, "w", encoding="utf-8") as file:
                    file.write("step,loss\n1,9\n")  # shorter and different
                wait_for(store, {("a", "loss"): 1, ("b", "loss"): 3})
                child.send_signal(signal.SIGINT)
                assert child.wait(10) in (0, 130)
            finally:
                child.kill()
        append(a, "2,8")  # taken now: nobody follows it any more
        code, _, err = km("import", logs, "--store", store, "--quiet")
        assert code == 0, err
        assert points(store) == {("a", "loss"): 2, ("b", "loss"): 3}


def interrupted():
    """SIGINT in a long import: exit 130, and the next one goes on"""
    with tempfile.TemporaryDirectory() as folder:
        path, store = os.path.join(folder, "a.csv"), os.path.join(folder, "s")
        rows = 1500000
        append(path, "step,loss,lr\n" +
               "".join(f"{i},{i % 97},{i % 13}\n" for i in range(rows)))
        with subprocess.Popen([KM, "import", path, "--store", store,
                               "--quiet"], stderr=subprocess.PIPE) as child:
            end = time.monotonic() + 20
            while not points(store) and time.monotonic() < end:
                time.sleep(0.01)
            child.send_signal(signal.SIGINT)
            code = child.wait(20)
        held = points(store).get(("a", "loss"), 0)
        assert code == 130 or held == rows, (code, held)
        code, _, err = km("import", path, "--store", store, "--quiet")
        assert code == 0, err
        assert points(store) == {("a", "loss"): rows, ("a", "lr"): rows}


run(follow, interrupted)
