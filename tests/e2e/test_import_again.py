"""test_import_again.py - the same files twice, in another order, while they
grow, under other names, and where they must not be read.

Real logs are copied to a scratch folder and cut at places drawn from a fixed
seed; what `km metrics` and `km evals` print afterwards must be what one import
of the whole files gives.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import contextmanager

from shared import KM, Skip, km, need_shared, run

# Streams of each format; documents and stores are rewritten as a whole.
GROWING = {
    "tfevents": "tfevents/CarlSchader+labeled-contrastive-framework/"
                "lightning_logs/version_0",
    "tfevents with restarts": "tfevents/mlcommons+submissions_algorithms/"
                              "algoperf_v06",
    "W&B": "wandb/480284856+RLHF_Training",
    "printed logs": "nanogpt_log/openai+parameter-golf",
    "more printed logs": "nanogpt_log/KellerJordan+modded-nanogpt/"
                         "track_1_short/2024-06-06_AdamW",
    "MLPerf logs": "mllog/mlcommons+training_results_v4.0/Intel-HabanaLabs",
    "CSV of environments": "csv/DLR-RM+rl-trained-agents/ppo",
    "CSV of trials": "csv/mlcommons+submissions_algorithms/algoperf_v06/logs/"
                     "external_tuning/shampoo/study_0/ogbg_pytorch",
    "CSV curves": "csv/thu-yao-01-luo+MultiPowerLaw/loss_curve_repo/csv_25",
    "CSV of a tracker": "csv/gradio-app+trackio",
}


@contextmanager
def scratch():
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="km-again-") as folder:
        yield folder


def bring(store, *paths, expect=(0, 3)):
    """Imports; returns the objects that --json prints."""
    code, out, err = km("import", *paths, "--store", store, "--json")
    assert code in expect, f"exit {code}: {err[-400:]}"
    return [json.loads(line) for line in out.splitlines()]


def added(rows):
    """How many points an import brought."""
    return sum(row.get("points", 0) for row in rows if "source" in row)


def held(store):
    """Everything that can be read from a store."""
    code, metrics, err = km("metrics", "--store", store, "--json")
    assert code == 0, err
    code, evals, err = km("evals", "--store", store, "--json")
    assert code == 0, err
    return metrics + evals


def same(left, right):
    """Fails at the first line that differs. Sums may be rounded otherwise,
    since they are added up in other pieces."""
    a, b = left.splitlines(), right.splitlines()
    for i, (x, y) in enumerate(zip(a, b)):
        if x == y:
            continue
        row, other = json.loads(x), json.loads(y)
        one, two = row.pop("sum", 0), other.pop("sum", 0)
        assert row == other and math.isclose(one, two, rel_tol=1e-12), \
            f"line {i}:\n{x[:600]}\n{y[:600]}"
    assert len(a) == len(b), f"{len(a)} lines, {len(b)} lines"


def twice():
    """all shared logs twice: nothing new, nothing changed"""
    logs = need_shared("data", "logs")
    with scratch() as folder:
        store = os.path.join(folder, "store")
        assert added(bring(store, logs)) > 100000
        before = held(store)
        assert added(bring(store, logs)) == 0
        same(held(store), before)


def orders():
    """all shared logs in other orders: the same store"""
    logs = need_shared("data", "logs")
    parts = sorted(os.path.join(logs, name) for name in os.listdir(logs)
                   if name != "truth" and
                   os.path.isdir(os.path.join(logs, name)))
    with scratch() as folder:
        expected = None
        for seed in range(3):
            store = os.path.join(folder, f"store{seed}")
            order = list(parts)
            if seed:
                random.Random(seed).shuffle(order)
            cut = random.Random(seed).randrange(len(order))
            for words in (order[:cut], order[cut:]):
                if words:
                    bring(store, *words)
            now = held(store)
            expected = expected or now
            same(now, expected)


def grow(source, target, fractions):
    """Yields after each step of growing every file of a folder."""
    files = [os.path.relpath(os.path.join(path, name), source)
             for path, _, names in os.walk(source) for name in names]
    for fraction in fractions:
        for name in files:
            path = os.path.join(target, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(os.path.join(source, name), "rb") as file:
                whole = file.read()
            end = int(len(whole) * fraction)
            have = os.path.getsize(path) if os.path.exists(path) else 0
            if end > have or fraction == 1:
                with open(path, "ab") as file:
                    file.write(whole[have:len(whole) if fraction == 1 else end])
        yield fraction


def growing(title, place):
    """A test function for one format."""
    def test():
        source = need_shared("data", "logs", *place.split("/"))
        dice = random.Random(title)
        with scratch() as folder:
            logs = os.path.join(folder, "logs")
            store, fresh = (os.path.join(folder, s) for s in ("a", "b"))
            cuts = sorted(dice.random() for _ in range(4)) + [1]
            for _ in grow(source, logs, cuts):
                bring(store, logs, expect=(0, 3, 4))
            bring(fresh, logs)
            same(held(store), held(fresh))
            assert added(bring(store, logs)) == 0
            # the whole folder under another name brings nothing
            moved = os.path.join(folder, "moved")
            os.rename(logs, moved)
            assert added(bring(store, moved)) == 0
            same(held(store), held(fresh))
    test.__doc__ = f"growing {title}: as if read once, also when renamed"
    return test


def two_at_once():
    """two imports of the same files at the same time: no point twice"""
    with scratch() as folder:
        logs = os.path.join(folder, "logs")
        os.makedirs(logs)
        for i in range(30):
            with open(os.path.join(logs, f"r{i}.csv"), "w",
                      encoding="utf-8") as file:
                file.write("step,loss\n")
                file.writelines(f"{step},{i + 1 / (step + 1)}\n"
                                for step in range(2000))
        store, fresh = (os.path.join(folder, s) for s in ("a", "b"))
        bring(fresh, logs)
        for _ in range(3):
            both = [subprocess.Popen([KM, "import", logs, "--store", store,
                                      "--quiet"], stderr=subprocess.PIPE)
                    for _ in range(2)]
            for process in both:
                err = process.communicate()[1]
                assert process.returncode in (0, 9), err
            bring(store, logs)
            same(held(store), held(fresh))
            shutil.rmtree(store)


def moved_with_one_head():
    """a moved folder of logs that begin alike brings nothing"""
    with scratch() as folder:
        logs, moved = (os.path.join(folder, s) for s in ("logs", "moved"))
        os.makedirs(logs)
        head = "".join(f"# line {i} of the script\n" for i in range(400))
        for i in range(150):
            with open(os.path.join(logs, f"{i:03}.txt"), "w",
                      encoding="utf-8") as file:
                file.write(head)
                file.writelines(f"step:{step}/9 train_loss:{i + step}.5\n"
                                for step in range(3 + i % 5))
        store = os.path.join(folder, "store")
        assert added(bring(store, logs)) > 150
        before = held(store)
        os.rename(logs, moved)
        assert added(bring(store, moved)) == 0
        same(held(store), before)


def lost_chunk():
    """points lost to a damaged chunk come back with the next import"""
    with scratch() as folder:
        logs = os.path.join(folder, "logs")
        os.makedirs(logs)
        for i in range(2):
            with open(os.path.join(logs, f"r{i}.csv"), "w",
                      encoding="utf-8") as file:
                file.write("step,loss\n")
                file.writelines(f"{step},{i + 1 / (step + 1)}\n"
                                for step in range(10000))
        store = os.path.join(folder, "store")
        bring(store, logs)
        before = held(store)
        base = sqlite3.connect(os.path.join(store, "knotmeter.db"))
        base.execute("UPDATE blob SET bytes = zeroblob(length(bytes)) "
                     "WHERE id = (SELECT blob FROM chunk LIMIT 1)")
        base.commit()
        base.close()
        assert km("doctor", "--deep", "--store", store)[0] == 3
        km("doctor", "--deep", "--repair", "--store", store)
        assert km("doctor", "--deep", "--store", store)[0] == 0
        assert held(store) != before
        assert added(bring(store, logs)) == 10000
        same(held(store), before)
        assert added(bring(store, logs)) == 0


def ends_of_the_steps():
    """steps at the ends of 64 bits come back as they are"""
    steps = (-2 ** 63, -1, 0, 2 ** 53 + 1, 2 ** 63 - 1)
    with scratch() as folder:
        path = os.path.join(folder, "a.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f'{{"step": {step}, "loss": -0.0}}\n'
                            for step in steps)
        store = os.path.join(folder, "store")
        assert added(bring(store, path)) == len(steps)
        row = json.loads(held(store))
        assert (row["first_step"], row["last_step"]) == (steps[0], steps[-1])
        assert (row["min_step"], row["max_step"]) == (steps[0], steps[-1])
        assert math.copysign(1, row["first"]) == -1, row
        _, out, _ = km("export", "--store", store, "--format", "jsonl")
        assert all(f'"step":{step},' in out for step in steps), out


def hostile_folder():
    """links, pipes, hidden and unreadable files are passed over or named"""
    with scratch() as folder:
        logs = os.path.join(folder, "logs")
        os.makedirs(os.path.join(logs, ".git"))
        table = "step,loss\n1,3.5\n2,3.25\n3,3\n"
        for name in ("good.csv", ".git/hidden.csv", "../outside.csv",
                     "evil\n\x1b[2J.csv"):
            with open(os.path.join(logs, name), "w", encoding="utf-8") as file:
                file.write(table.replace("3.5", str(len(name))))
        os.symlink("../outside.csv", os.path.join(logs, "leak.csv"))
        os.symlink("/etc", os.path.join(logs, "etc"))
        os.symlink("loop", os.path.join(logs, "loop"))
        os.mkfifo(os.path.join(logs, "pipe.csv"))
        store = os.path.join(folder, "store")
        rows = bring(store, logs)
        assert added(rows) == 6, rows
        _, out, _ = km("runs", "--store", store)
        assert "\x1b" not in out and "good" in out
        if os.getuid():
            os.chmod(os.path.join(logs, "good.csv"), 0)
            rows = bring(os.path.join(folder, "other"), logs, expect=(10,))
            assert added(rows) == 3, rows


def store_inside():
    """a store inside the imported folder is not imported"""
    with scratch() as folder:
        with open(os.path.join(folder, "a.csv"), "w", encoding="utf-8") as file:
            file.write("step,loss\n1,3.5\n2,3\n")
        store = os.path.join(folder, "store")
        assert added(bring(store, folder)) == 2
        rows = bring(store, folder)
        assert added(rows) == 0
        assert not any("store/" in row.get("source", "") for row in rows), rows


def only_what_was_named():
    """no file outside the named folder and the store is opened"""
    logs = need_shared("data", "logs", "csv")
    if not shutil.which("strace"):
        raise Skip("strace is not here")
    with scratch() as folder:
        store = os.path.join(folder, "store")
        trace = os.path.join(folder, "trace")
        subprocess.run(["strace", "-f", "-y", "-e", "trace=open,openat,openat2",
                        "-o", trace, KM, "import", logs, "--store", store,
                        "--quiet"], check=True,
                       env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        allowed = (os.path.realpath(logs), os.path.realpath(folder), "/lib",
                   "/usr/lib", "/etc/ld.so", "/proc/self", "/sys/", "/dev/")
        with open(trace, encoding="utf-8") as file:
            for line in file:
                if "= -1 " in line or "<" not in line.rsplit("=", 1)[-1]:
                    continue
                path = line.rsplit("<", 1)[1].rsplit(">", 1)[0]
                assert path.startswith(allowed), line


run(twice, orders, *(growing(*item) for item in GROWING.items()),
    two_at_once, moved_with_one_head, lost_chunk, ends_of_the_steps,
    hostile_folder, store_inside, only_what_was_named)
