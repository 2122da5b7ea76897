"""test_json_formats.py - logs in JSON, through the real program.

Result matrices of continual tuning, curves of reinforcement learning and times
to train of MLPerf against their truths; files that grow, are torn or stand for
other files.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import tempfile

from shared import km, need_shared, run


def truth(name):
    """The truth file of that name."""
    with open(need_shared("data", "logs", "truth", name + ".json"),
              encoding="utf-8") as file:
        return json.load(file)


def same(actual, expected, what=""):
    """Says what differs."""
    if actual != expected:
        raise AssertionError(f"{what}: {actual!r} instead of {expected!r}")


def near(actual, expected, relative, what=""):
    """Says by how much it differs."""
    if not abs(actual - expected) <= relative * max(1.0, abs(expected)):
        raise AssertionError(f"{what}: {actual!r} instead of {expected!r}")


class Store:
    """A fresh store in a folder of its own, with room for files beside it."""

    def __enter__(self):
        # pylint: disable=consider-using-with
        self.folder = tempfile.TemporaryDirectory()
        self.store = os.path.join(self.folder.name, "store")
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def write(self, name, text, mode="w"):
        """Writes a file below logs/; returns the path of logs/."""
        logs = os.path.join(self.folder.name, "logs")
        path = os.path.join(logs, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, mode, encoding="utf-8") as file:
            file.write(text)
        return logs

    def load(self, *paths, status=0):
        """Imports, and checks the exit status; returns what was printed."""
        code, out, err = km("import", *paths, "--store", self.store,
                            "--project", "p", "--quiet")
        same(code, status, f"exit status ({err.strip()})")
        return out + err

    def rows(self, command):
        """What a listing command says as JSON."""
        code, out, err = km(command, "--store", self.store, "--json")
        same(code, 0, f"exit status of {command} ({err.strip()})")
        return [json.loads(line) for line in out.splitlines()]


def matrices():
    """continual tuning: every cell of the matrices, and no other"""
    with Store() as store:
        store.load(need_shared("data", "logs", "continual"))
        evals = store.rows("evals")
    for name, expected in truth("cross_checks")["continual"].items():
        tasks = expected["tasks"]
        mine = [e for e in evals if f"/{name}/" in e["run"]]
        cells = {(e["stage_index"], e["task"]): e["value"] for e in mine
                 if e["metric"] == "exact_match" and e["task"] in tasks}
        for row, values in enumerate(expected["R"]):
            for column, value in enumerate(values):
                same(cells.pop((row, tasks[column]), None), value,
                     f"{name} {row} {column}")
        same(cells, {}, name)
        stages = {e["stage_index"]: e["stage"] for e in mine}
        whole = {e["stage_index"]: e["value"] for e in mine
                 if (e["task"], e["metric"]) == ("all", "exact_match")}
        for row, value in enumerate(expected["predict_exact_match_per_stage"]):
            same(whole.get(row), value, f"{name} all {row}")
            if value is not None:
                same(stages[row], tasks[row], f"{name} stage {row}")


def points_of(store, folder):
    """All points below a folder of the shared logs, by run's external id."""
    store.load(need_shared("data", "logs", folder))
    out = os.path.join(store.folder.name, "points.jsonl")
    code, _, err = km("export", "--store", store.store, "--format", "jsonl",
                      "--output", out)
    same(code, 0, f"export ({err.strip()})")
    runs = {}
    with open(out, encoding="utf-8") as file:
        for line in file:
            point = json.loads(line)
            if "value" in point:
                runs.setdefault(point["run"], []).append(
                    (point["step"], float(point["value"])))
    return runs


def curves():
    """reinforcement learning: points, seeds and final means of every curve"""
    with Store() as store:
        runs = points_of(store, "rl_curves")
    for path, expected in truth("rl_curves").items():
        stem = path.removeprefix("rl_curves/").removesuffix(".json") + "/"
        mine = {name.split(stem)[1]: points for name, points in runs.items()
                if stem in name}
        total = sum(map(len, mine.values()))
        same(total, expected.get("points", expected.get("rows")), path)
        for task, row in expected.get("per_task", {}).items():
            seeds = {name.rsplit("/seed-", 1)[1]: points
                     for name, points in mine.items()
                     if name.startswith(task + "/")}
            same(sorted(seeds), sorted(row["seeds"]), task)
            final = [max(points)[1] for points in seeds.values()]
            near(sum(final) / len(final), row["final_mean"], 1e-9, task)
        agents = expected.get("per_agent", expected.get("agents", {}))
        for agent, row in agents.items():
            seeds = [points for name, points in mine.items()
                     if name.startswith(agent + "/")]
            values = [value for points in seeds for _, value in points]
            same(len(seeds), int(row["seeds"]), agent)
            same((len(values), min(values), max(values)),
                 (row["n"], row["min"], row["max"]), agent)
            final = [value for points in seeds for step, value in points
                     if step == row["final_iter"]]
            near(sum(final) / len(final), row["final_mean"], 1e-9, agent)


def times_to_train():
    """MLPerf: time to train of every run, and the scored means"""
    with Store() as store:
        store.load(need_shared("data", "logs", "mllog"))
        runs = {row["external_id"]: row for row in store.rows("runs")}
    expected = {path.removeprefix("mllog/").removesuffix(".txt"): row
                for path, row in truth("mllog").items()}
    same(sorted(runs), sorted(expected), "runs")
    for name, row in expected.items():
        seconds = runs[name]["ended"] - runs[name]["created"]
        near(seconds, row["time_to_train_ms"] / 1000, 1e-6, name)
        same(runs[name]["state"], "finished", name)
    for folder, row in truth("cross_checks")["mlperf"].items():
        minutes = sorted((r["ended"] - r["created"]) / 60
                         for r in runs.values() if r["group"] == folder)
        same(len(minutes), row["runs"], folder)
        middle = minutes[1:-1]
        near(sum(middle) / len(middle), row["olympic_mean_min"], 1e-6, folder)


def growing():
    """JSON Lines: growing, torn and repeated imports change nothing else"""
    lines = [json.dumps({"step": i, "loss": 1 / (i + 1), "t": {"x": i}}) + "\n"
             for i in range(100)]
    with Store() as whole, Store() as parts:
        whole.load(whole.write("a/metrics.jsonl", "".join(lines)))
        text = "".join(lines)
        for cut in range(0, len(text), 777):
            parts.load(parts.write("a/metrics.jsonl", text[cut:cut + 777], "a"))
            parts.load(os.path.join(parts.folder.name, "logs"))
        same(parts.rows("metrics"), whole.rows("metrics"), "metrics")
        same({s["metric"]: s["n"] for s in whole.rows("metrics")},
             {"loss": 100, "t.x": 100}, "counts")


def damaged_line():
    """JSON Lines: a bad line is left out, the import goes on"""
    with Store() as store:
        store.load(store.write("log.jsonl", '{"step": 1, "a": 1}\n{"step": 2, '
                               '"a": oops}\n{"step": 3, "a": NaN}\n'))
        row, = store.rows("metrics")
        same((row["n"], row["n_nan"], row["last_step"]), (2, 1, 3))


def checkpoints():
    """trainer_state: checkpoints of one run are one run, seen once"""
    def state(steps):
        return json.dumps({"global_step": steps, "log_history": [
            {"step": s, "loss": 1.5 / s} for s in range(10, steps + 1, 10)]})
    with Store() as store:
        for steps in (100, 20, 50):
            store.write(f"run/checkpoint-{steps}/trainer_state.json",
                        state(steps))
        store.load(os.path.join(store.folder.name, "logs"))
        row, = store.rows("runs")
        same(row["max_step"], 100)
        metric, = store.rows("metrics")
        same(metric["last_step"], 100)


def pointer():
    """a Git LFS pointer is named, with what to do, and exits with 4"""
    with Store() as store:
        said = store.load(store.write(
            "a.tfevents", "version https://git-lfs.github.com/spec/v1\n"
            "oid sha256:0123\nsize 98765\n") + "/a.tfevents", status=4)
        for words in ("a Git LFS pointer", "a.tfevents", "git lfs pull"):
            if words not in said:
                raise AssertionError(f"no {words!r} in {said!r}")


run(matrices, curves, times_to_train, growing, damaged_line, checkpoints,
    pointer)
