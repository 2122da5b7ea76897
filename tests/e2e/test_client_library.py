#!/usr/bin/env python3
"""test_client_library.py - the client library as users meet it: linked alone,
in a program of theirs, read by km while it runs and after it was killed.
"""
# SPDX-License-Identifier: Apache-2.0
import glob
import json
import os
import shutil
import subprocess
import tempfile
import time

import shared
from shared import KM, ROOT, Skip, km

BUILD = os.path.dirname(KM)
LIBRARY = os.path.join(BUILD, "client")
TINYLM = os.path.join(BUILD, "examples", "tinylm")
TEXT = sorted(glob.glob(os.path.join(ROOT, "client", "*.c")))
SMALL = ["--dim", "16", "--layers", "1", "--heads", "2", "--context", "16",
         "--batch", "4", "--warmup", "2", "--eval-every", "5", "--save-every",
         "10"]


def compiler():
    """cc, plain; the library is built without sanitizers or not tested."""
    if shutil.which("cc") is None:
        raise Skip("no cc here")
    with open(os.path.join(LIBRARY, "libknotmeter.so"), "rb") as library:
        if b"__asan_init" in library.read():
            raise Skip("built with a sanitizer")
    return ["cc", "-I", os.path.join(ROOT, "include")]


def run(words, **options):
    """Runs a program that must succeed."""
    return subprocess.run(words, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **options)


def rows(store, *words):
    """JSON lines of a km command that must succeed."""
    status, out, err = km("--store", store, *words, "--json")
    assert status == 0, err
    return [json.loads(line) for line in out.splitlines()]


def only_its_own_names_are_visible():
    """only names of its own are visible, and only libc is needed"""
    compiler()
    if shutil.which("nm") is None:
        raise Skip("no nm here")
    library = os.path.join(LIBRARY, "libknotmeter.so")
    out = run(["nm", "-D", "--defined-only", library]).stdout
    names = [line.split()[-1] for line in out.splitlines()]
    assert names and all(n.startswith("km_run_") for n in names), names
    needed = [line for line in run(["readelf", "-d", library]).stdout
              .splitlines() if "NEEDED" in line]
    assert all("libc.so" in line or "ld-linux" in line for line in needed), \
        needed


def three_calls_link_run_and_import(top):
    """The example, with the shared and with the static library."""
    source = os.path.join(ROOT, "examples", "minimal.c")
    shared_program = os.path.join(top, "shared")
    static_program = os.path.join(top, "static")
    run([*compiler(), source, "-o", shared_program, "-L", LIBRARY,
         f"-Wl,-rpath,{LIBRARY}", "-lknotmeter", "-lm"])
    run([*compiler(), source, "-o", static_program,
         os.path.join(LIBRARY, "libknotmeter.a"), "-lpthread", "-lm"])
    store = os.path.join(top, "store")
    journal = os.path.join(top, "journal")
    for program in shared_program, static_program:
        run([program], env={**os.environ, "KNOTMETER_DIR": journal})
    status, _, err = km("--store", store, "import", journal)
    assert status == 0, err
    found = rows(store, "runs")
    assert [r["points"] for r in found] == [1000, 1000], found
    assert all(r["state"] == "finished" for r in found), found


def nothing_that_goes_wrong_changes_the_exit_code(top):
    """A folder that cannot be written: one sentence, status 0."""
    program = os.path.join(BUILD, "examples", "minimal")
    done = run([program], env={**os.environ, "KNOTMETER_DIR": "/proc/none"},
               cwd=top)
    assert done.stdout == "" and done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("knotmeter: cannot write"), done.stderr


def train(top, *words, **options):
    """tinylm, small, into top/journal."""
    return subprocess.run(
        [TINYLM, "--dir", os.path.join(top, "journal"), *SMALL, *words, *TEXT],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        check=False, **options)


def the_same_seed_learns_the_same(top):
    """Also with one thread and with two."""
    first = train(top, "--name", "a", "--steps", "20")
    again = train(top, "--name", "b", "--steps", "20", "--threads", "1")
    other = train(top, "--name", "c", "--steps", "20", "--seed", "2")
    assert first.returncode == 0 and first.stdout, first.stderr
    assert first.stdout == again.stdout != other.stdout


def a_killed_training_goes_on_from_its_checkpoint(top):
    """Two attempts, and no point of either is lost."""
    checkpoint = os.path.join(top, "a.ckpt")
    died = train(top, "--name", "A", "--steps", "40", "--checkpoint",
                 checkpoint, "--die-at", "27")
    assert died.returncode == -9, died
    resumed = train(top, "--name", "A", "--steps", "40", "--checkpoint",
                    checkpoint, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    store = os.path.join(top, "store")
    status, _, err = km("--store", store, "import",
                        os.path.join(top, "journal"))
    assert status == 0, err
    found, = rows(store, "runs")
    assert found["attempts"] == 2 and found["state"] == "finished", found
    losses = [m for m in rows(store, "metrics", found["run"])
              if m.get("metric") == "train/loss"]
    assert sum(m["n"] for m in losses) == 27 + 20, losses


def a_running_training_is_imported_piece_by_piece(top):
    """Any number of imports while it runs gives what one import gives."""
    journal = os.path.join(top, "journal")
    store = os.path.join(top, "store")
    with subprocess.Popen(
            [TINYLM, "--dir", journal, "--name", "A", "--steps", "100000",
             "--seconds", "2", "--quiet", *SMALL, *TEXT]) as training:
        imports = 0
        while training.poll() is None:
            if os.path.isdir(os.path.join(journal, "A")):
                status, _, err = km("--store", store, "import", journal)
                assert status == 0, err
                imports += 1
            time.sleep(0.05)
        assert training.returncode == 0
    once = os.path.join(top, "once")
    for target in store, once:
        status, _, err = km("--store", target, "import", journal)
        assert status == 0, err
    pieces, whole = rows(store, "metrics"), rows(once, "metrics")
    for row in pieces + whole:
        row["sum"] = float(f"{row['sum']:.9e}")  # added up in another order
    assert imports > 2 and whole and pieces == whole, (imports, pieces, whole)


def main():
    """TAP."""
    tests = [only_its_own_names_are_visible, three_calls_link_run_and_import,
             nothing_that_goes_wrong_changes_the_exit_code,
             the_same_seed_learns_the_same,
             a_killed_training_goes_on_from_its_checkpoint,
             a_running_training_is_imported_piece_by_piece]
    wrapped = []
    for test in tests:
        if test.__code__.co_argcount:
            def in_folder(test=test):
                with tempfile.TemporaryDirectory() as top:
                    test(top)
            in_folder.__doc__ = test.__name__.replace("_", " ")
            wrapped.append(in_folder)
        else:
            wrapped.append(test)
    shared.run(*wrapped)


if __name__ == "__main__":
    main()
