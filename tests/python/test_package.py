#!/usr/bin/env python3
"""test_package.py - the package in a program of its own, read back by km."""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(__file__))
import package  # noqa: E402
from package import KM, ROOT, Skip, imported, points, script  # noqa: E402

sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import shared  # noqa: E402
from server import Server  # noqa: E402


def in_folder(test):
    """A folder for the test, removed after it."""
    def made():
        top = tempfile.mkdtemp(prefix="km-python-")
        try:
            test(top)
        finally:
            shutil.rmtree(top, ignore_errors=True)
    made.__doc__, made.__name__ = test.__doc__, test.__name__
    return made


@in_folder
def two_lines(top):
    """every value logged is read back by km, bit for bit"""
    script("""
import math, knotmeter as km
run = km.init(project="lab", name="first", id="r1", group="g",
              config={"lr": 3e-4, "opt": {"name": "adam", "betas": [0.9, 0.95]}},
              tags={"owner": "ada"}, notes="hello")
for step in range(1000):
    run.log({"train/loss": 3 / (1 + step), "train": {"norm": step / 7}},
            step=step)
    run.log("lr", 1e-3 * 0.99 ** step, step=step)
run.log({"odd": math.nan}, step=7)
run.log({"odd": math.inf}, step=8)
run.log({"odd": -0.0}, step=9)
run.event("checkpoint", "step-900", 900, {"bytes": 12})
run.evaluation("gsm8k", "acc", 0.41, n=1319, stderr=0.01, step=999,
               higher_is_better=True)
run.finish()
""", top)
    got = points(top)
    assert got["train/loss", ""] == [(s, 3 / (1 + s)) for s in range(1000)]
    assert got["train/norm", ""] == [(s, s / 7) for s in range(1000)]
    assert got["lr", ""] == [(s, 1e-3 * 0.99 ** s) for s in range(1000)]
    odd = got["odd", ""]
    assert math.isnan(odd[0][1]) and odd[1] == (8, math.inf), odd
    assert math.copysign(1, odd[2][1]) == -1, odd
    rows = imported(top)
    (run,) = rows("runs")
    assert (run["run"], run["state"], run["group"], run["external_id"]) == (
        "lab/first", "finished", "g", "r1"), run
    settings = json.dumps(rows("runs", "--settings"))
    for word in ("opt.name", "adam", "0.95", "owner", "ada"):
        assert word in settings, (word, settings)
    (result,) = rows("evals")
    assert result["value"] == 0.41 and result["n"] == 1319, result


@in_folder
def steps(top):
    """without a step a metric that comes again begins the next one"""
    script("""
import knotmeter as km
run = km.init()
for i in range(3):
    run.log("a", i); run.log("b", i)
run.log({"a": 10, "b": 10}, step=50)
run.log("v", 1.0)
run.log({"a": 11})
run.log("x", 1.5, step=60.0)
run.log("x", 2.5, step="soon")
run.log("big", 1, step=2**70)
""", top)
    got = points(top)
    assert got["a", ""] == [(0, 0), (1, 1), (2, 2), (50, 10), (51, 11)], got
    assert got["b", ""] == [(0, 0), (1, 1), (2, 2), (50, 10)], got
    assert got["v", ""] == [(50, 1)] and got["x", ""] == [(60, 1.5),
                                                          (61, 2.5)], got


@in_folder
def nothing_raises(top):
    """what is wrong is counted, said once, and never raised"""
    out, err = script(r"""
import decimal, json, knotmeter as km
class Bad:
    def __float__(self): raise ValueError("no")
class Ends:
    def __float__(self):
        run.finish(); return 1.0
class Rude:
    def __str__(self): raise RuntimeError("no")
    __repr__ = __str__
class Grows:
    def __float__(self):
        d[str(len(d))] = self; return 2.0
run = km.init(project="a\x00b\ud800", name="n\x07", config={"r": Rude(),
    "self": [1, {2, 3}], "long": "x" * 200000, 5: {"deep": float("nan")}},
    tags=[Rude()], nonsense=1, id="odd")
for value in (None, "1.0", b"1", [1, 2], {}, object(), Bad(), 1j, 10**400):
    run.log("bad", value); run.log({"bad": value, "good": 1.0})
run.log(); run.log(1); run.log("x"); run.log(None); run.log("a", 1, 2, 3)
run.log({"k": 1}, stepp=3); run.log([("a", 1)]); run.log({Rude(): 1.0})
run.log({"\x00nul": 1, "\ud83d": 2, "tab\there": 3, "": 4, "n" * 5000: 5,
         7: 8, None: 9, ("t",): 10})
run.log("dec", decimal.Decimal("1.25")); run.log("yes", True)
loop = {}; loop["l"] = loop
run.log(loop)
d = {"g": Grows()}
run.log(d)
run.log({f"huge/{i}": i for i in range(5000)}, step=1)
run.event("x\ud800", "y\x00", None, {"z": Rude()}); run.event(None)
run.evaluation(None, None, "none"); run.evaluation("t", "m", 1.0, n="x")
run.configure(5); run.tag(Rude(), Rude()); run.restart("x")
run.log("ends", Ends()); run.log({"late": 1}); run.event("late")
run.finish(); run.finish(timeout=-1, state="what")
print(json.dumps(run.overhead()))
""", top)
    counted = json.loads(out)
    assert counted["refused"] > 20 and counted["late"] >= 2, counted
    assert counted["dropped"] == 0, counted
    assert err.count("expected one number") == 1, err
    assert "Traceback" not in err, err
    got = points(top)
    names = {name for name, _ in got}
    assert r"\x00nul" in names and "7" in names and "None" in names, names
    assert len(got["good", ""]) == 9 and got["dec", ""][0][1] == 1.25, got
    assert sum(n.startswith("huge/") for n in names) == 5000


@in_folder
def keyboard(top):
    """an interrupt inside a conversion reaches the program"""
    script("""
import knotmeter as km
class Stop:
    def __float__(self): raise KeyboardInterrupt
run = km.init()
try:
    run.log("x", Stop())
    raise SystemExit(3)
except KeyboardInterrupt:
    pass
""", top)


@in_folder
def endings(top):
    """an exception marks the run failed and is raised unchanged"""
    script("""
import knotmeter as km
error = ValueError("mine")
try:
    with km.init(id="with") as run:
        run.log("a", 1); raise error
except ValueError as same:
    assert same is error
run = km.init(id="top"); run.log("a", 1)
raise KeyError("at the top")
""", top, status=1)
    out, err = script("""
import sys, knotmeter as km
run = km.init(id="exit"); run.log("a", 1); sys.exit(7)
""", top, status=7)
    assert err == "", err
    script("""
import os, signal, knotmeter as km
before = [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)]
run = km.init(id="term"); run.log("a", 1)
assert before == [signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)]
os.kill(os.getpid(), signal.SIGTERM)
""", top, status=-15)
    script("""
import os, knotmeter as km
run = km.init(id="hard"); run.log("a", 1); os._exit(9)
""", top, status=9)
    got = {r["external_id"]: r["state"] for r in imported(top)("runs")}
    assert got["with"] == got["top"] == "failed", got
    assert got["exit"] == "finished", got
    assert got["term"] != "finished" and got["hard"] != "finished", got
    assert len(got) == 5 and len(points(top)["a", ""]) == 5


@in_folder
def nowhere_to_write(top):
    """a folder that cannot be written, removed, full: the program goes on"""
    out, err = script("""
import os, shutil, knotmeter as km
run = km.init(dir="/proc/nothing"); run.log("a", 1); run.finish()
run = km.init(dir=os.devnull); run.log("a", 1); run.finish()
run = km.init(dir="gone"); shutil.rmtree("gone"); run.log("a", 1)
run.event("x"); run.finish()
run = km.init(dir="small", disk_bytes_max=200000)
for i in range(100000): run.log("a", i)
assert run.overhead()["dropped"] > 0
run.finish(); print("done")
""", top, status=0)
    assert out == "done\n" and "cannot write" in err, (out, err)
    if os.geteuid() == 0 and os.path.exists("/usr/bin/unshare"):
        small = os.path.join(top, "disk")
        os.makedirs(small)
        with open(os.path.join(top, "full.py"), "w", encoding="utf-8") as file:
            file.write("import sys, knotmeter as km\n"
                       "run = km.init(dir=sys.argv[1])\n"
                       "[run.log('a', i) for i in range(300000)]\n"
                       "run.finish(); sys.exit(5)\n")
        done = package._run(
            ["unshare", "-m", "sh", "-c", f"mount -t tmpfs -o size=400k none "
             f"{small} && exec {package.light()} {top}/full.py {small}"], 60)
        if "unshare" not in done[1] and "mount:" not in done[1]:
            assert done[0] == 5, done


@in_folder
def forks_and_threads(top):
    """forked children, worker processes and threads lose nothing"""
    script("""
import multiprocessing as mp, os, threading, knotmeter as km
run = km.init(id="tree")
def work(n):
    for i in range(100): run.log(f"worker{n}", i, step=i)
if os.fork() == 0:
    for i in range(50): run.log("forked", i, step=i)
    run.finish(); os._exit(0)
os.wait()
if os.fork() == 0:
    raise SystemExit(0)  # logs nothing, ends in order
os.wait()
with mp.get_context("fork").Pool(3) as pool:
    pool.map(work, range(3))
def loop(n):
    for i in range(20000): run.log(f"t{n}", i, step=i)
threads = [threading.Thread(target=loop, args=(n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
run.finish()
""", top)
    got = points(top)
    plain = {}
    for (name, _), rows in got.items():
        plain.setdefault(name, []).extend(rows)
    assert plain["forked"] == [(i, i) for i in range(50)], plain["forked"]
    for n in range(3):
        assert plain[f"worker{n}"] == [(i, i) for i in range(100)]
    for n in range(4):
        assert plain[f"t{n}"] == [(i, i) for i in range(20000)]
    (run,) = imported(top)("runs")
    assert run["state"] == "finished", run


@in_folder
def ranks(top):
    """ranks of a job are one run, found by what the launcher set"""
    script("""
import os, subprocess, sys
if len(sys.argv) > 1:
    import knotmeter as km
    run = km.init(); r = os.environ["RANK"]
    run.log("loss", float(r), step=1); run.finish()
else:
    env = {**os.environ, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2",
           "MASTER_PORT": "1", "MASTER_ADDR": "localhost"}
    for rank in "01":
        subprocess.run([sys.executable, __file__, "x"], check=True,
                       env={**env, "RANK": rank, "LOCAL_RANK": rank})
""", top)
    (run,) = imported(top)("runs")
    got = points(top)
    assert got["loss", "rank=0"] == [(1, 0)] and \
        got["loss", "rank=1"] == [(1, 1)], got
    assert run["external_id"].startswith("job-"), run


@in_folder
def system_and_stop(top):
    """system metrics come from a thread; a file `stop` asks to end"""
    script("""
import os, time, knotmeter as km
assert km.should_stop() is False
run = km.init(id="s", system=0.1, stop=True)
assert not km.should_stop()
open(os.path.join(os.path.dirname(run.folder), "stop"), "w").close()
for step in range(1000):
    run.log("loss", 1.0, step=step); time.sleep(0.01)
    if km.should_stop(): break
else:
    raise SystemExit(1)
assert "stop" in run.stop_reason
""", top, KNOTMETER_SYSTEM="1", KNOTMETER_ASK_SECONDS="0.2")
    got = points(top)
    for name in ("system/cpu", "system/memory_bytes",
                 "system/process/memory_bytes"):
        assert len(got[name, ""]) >= 1, sorted(got)
    assert all(0 <= v <= 1 for _, v in got["system/cpu", ""])


@in_folder
def asked(top):
    """the query side: a store by km, a server by HTTP, the same answers"""
    script("""
import knotmeter as km
for n in range(2):
    run = km.init(project="q", id=f"q{n}", config={"lr": n})
    for s in range(300): run.log("train/loss", 3 - 0.001 * s * (n + 1), step=s)
    run.log("odd<b>", float("nan"), step=1); run.finish()
""", top)
    imported(top)
    store = os.path.join(top, "store")
    ask = """
import sys, math, knotmeter as km
client = km.Client(**{sys.argv[1]: sys.argv[2]})
runs = client.runs(project="q")
assert sorted(r["external_id"] for r in runs) == ["q0", "q1"]
run = client.run("q/q1")
series = run.series("train/loss")
assert list(series.value) == [3 - 0.001 * s * 2 for s in range(300)]
assert math.isnan(run.series("odd<b>").value[0])
card = run.scorecard()
assert card.headline and card.figure("learn.velocity")
page = (run._repr_html_() + card._repr_html_() + runs._repr_html_()
        + run.series("odd<b>")._repr_html_())
assert "<b>odd" not in page.replace("<b>odd&lt;", "") and "odd&lt;b&gt;" in page
try:
    run.series("nothing"); raise SystemExit(1)
except km.query.QueryError as error:
    assert "nothing" in str(error)
if sys.argv[1] == "store":
    assert "learns" in str(km.compare("q/q0", "q/q1", store=sys.argv[2]))
"""
    script(ask, top, "store", store)
    with Server(store) as server:
        script(ask, top, "url", f"http://127.0.0.1:{server.port}")


@in_folder
def shipped(top):
    """the package's own shipper: all of it arrives, and a finish is bounded"""
    store = os.path.join(top, "there")
    with Server(store) as server:
        token, url = server.token, f"http://127.0.0.1:{server.port}"
        script("""
import os, sys, time, knotmeter as km
run = km.init(project="live", id="ship")
from knotmeter import _ship_start, _core
run.url = sys.argv[1]; _core.SHIPS = 0
run._shipper = _ship_start.start(run)
assert run._shipper is not None
for step in range(60000):
    run.log("loss", step * 0.5, step=step)
run.finish(timeout=30)
assert run._shipper.process.returncode == 0
""", top, url, KNOTMETER_TOKEN=token, KNOTMETER_KM="")
        run = server.ask("/api/v1/runs?project=live")[2]["runs"][0]
        assert run["points"] == 60000 and run["state"] == "finished", run
    script("""
import time, sys, knotmeter as km
from knotmeter import _ship_start, _core
run = km.init(id="down"); _core.SHIPS = 0
run.url = "http://127.0.0.1:9"
run._shipper = _ship_start.start(run)
run.log("a", 1); begin = time.monotonic()
run.finish(timeout=0.5)
assert time.monotonic() - begin < 2
import os; os.kill(run._shipper.process.pid, 15)
""", top, KNOTMETER_KM="")


@in_folder
def checked(top):
    """mypy --strict and ruff have nothing to say"""
    python = package.heavy()
    for words in (["mypy", "--strict", "--ignore-missing-imports",
                   "--cache-dir", top, "knotmeter"],
                  ["ruff", "check", "--no-cache", "knotmeter", "setup.py"]):
        done = package._run(["sh", "-c", f"cd {ROOT}/python && exec {python} "
                             f"-m {' '.join(words)}"], 300)
        assert done[0] == 0, done[1]


if __name__ == "__main__":
    try:
        package.light()
    except Skip as why:
        print(f"1..0 # SKIP {why}")
        sys.exit(0)
    assert KM
    shared.run(two_lines, steps, nothing_raises, keyboard, endings,
               nowhere_to_write, forks_and_threads, ranks, system_and_stop,
               asked, shipped, checked)
