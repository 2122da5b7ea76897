#!/usr/bin/env python3
"""test_backtest.py - `km backtest` on public curves that were imported.

The curves of tools/backtest.py become runs of an MLflow database with their
losses, learning rates, planned steps, configuration and date; what the command
says of them must keep the promises of docs/metrics.md, in order of time. Skips
where the curves are absent. A store without finished runs gets a sentence.
"""
# SPDX-License-Identifier: Apache-2.0
import collections
import datetime
import json
import os
import sqlite3
import sys
import tempfile

import shared
from shared import km

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "tools"))
import backtest  # noqa: E402

SCHEMA = """
CREATE TABLE experiments(experiment_id INT, name TEXT, lifecycle_stage TEXT);
CREATE TABLE runs(run_uuid TEXT, name TEXT, status TEXT, start_time INT,
  end_time INT, lifecycle_stage TEXT, experiment_id INT, source_type TEXT,
  source_name TEXT, user_id TEXT, source_version TEXT, artifact_uri TEXT);
CREATE TABLE metrics(key TEXT, value REAL, timestamp INT, run_uuid TEXT,
  step INT, is_nan INT);
CREATE TABLE params(key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE tags(key TEXT, value TEXT, run_uuid TEXT);
"""


def started(date):
    """Milliseconds since 1970 of 20241009; undated runs come last."""
    text = str(date) if date < 20990000 else "20990101"
    day = datetime.datetime.strptime(text, "%Y%m%d")
    return int(day.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)


def by_run(curves):
    runs = collections.OrderedDict()
    for curve in curves:
        project = curve.source if curve.source != "pythia" else \
            f"{curve.source} {curve.kind}"
        name = curve.name.rsplit("#", 1)[0].split(" ")[0]
        runs.setdefault((project, name), []).append(curve)
    return runs


def logged(plan, planned):
    """The rate at 400 steps, as a training loop would log it."""
    out = {step: rate for step, rate in plan}
    for step in range(0, int(planned) + 1, max(int(planned) // 400, 1)):
        after = next((i for i, (s, _) in enumerate(plan) if s >= step), None)
        if after:
            (a, low), (b, high) = plan[after - 1], plan[after]
            out[step] = low + (high - low) * (step - a) / (b - a)
        elif after is None:
            out[step] = plan[-1][1]
    return sorted(out.items())


def write(database, curves, status="FINISHED"):
    projects = {}
    for (project, name), parts in by_run(curves).items():
        number = projects.setdefault(project, len(projects))
        first, at = parts[0], started(parts[0].date)
        database.execute(
            "INSERT INTO runs(run_uuid, name, status, start_time, end_time,"
            " lifecycle_stage, experiment_id) VALUES(?,?,?,?,?,'active',?)",
            (name, name, status, at, at + 1, number))
        database.executemany("INSERT INTO params VALUES(?,?,?)", [
            ("planned_steps", str(int(first.planned)), name),
            ("recipe", first.group, name)])
        series = {}
        for part in parts:
            metric = "train/loss" if part.kind == "train" else "val/loss"
            series[metric] = zip(part.x, part.y)
            if part.plan:
                series["lr"] = logged(part.plan, part.planned)
        for metric, points in series.items():
            database.executemany(
                "INSERT INTO metrics VALUES(?,?,?,?,?,0)",
                [(metric, y, at, name, int(x)) for x, y in points])
    database.executemany("INSERT INTO experiments VALUES(?,?,'active')",
                         [(number, name) for name, number in projects.items()])
    database.commit()


def bring(folder, curves, status="FINISHED"):
    store = os.path.join(folder, "store")
    path = os.path.join(folder, "mlflow.db")
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA)
        write(database, curves, status)
    code, _, err = km("import", "--store", store, path)
    assert code == 0, err
    return store


def judge(store, *words):
    code, out, err = km("backtest", "--store", store, "--format", "json",
                        *words)
    assert code == 0, err
    card = json.loads(out)
    card = card[0] if isinstance(card, list) else card
    found = {}
    for figure in card["figures"]:
        found[figure["id"], figure["variant"]] = figure
    return card, found


def keeps_its_promises():
    """forecasts of imported public curves are as good as the page says"""
    shared.need_shared("data", "curves")
    curves = backtest.read(backtest.shared_curves())
    with tempfile.TemporaryDirectory() as folder:
        store = bring(folder, curves)
        card, found = judge(store)
    def value(figure, variant):
        return found[f"backtest.{figure}", variant]["value"]
    constant = "mpl val/loss, constant rate, mean of pow3 and invlog3"
    assert value("relative_error", constant) <= .09
    constant = "mng val/loss, constant rate, mean of pow3 and invlog3"
    assert value("relative_error", constant) <= .09
    known = "mng val/loss, known schedule, annealing law"
    assert value("relative_error", known) <= .2
    covered = found["backtest.coverage",
                    "mng val/loss, known schedule, cross-run conformal"]
    assert .6 <= covered["value"] <= .95, covered
    assert "Forecasts missed by" in card["headline"], card["headline"]


def says_that_nothing_is_finished():
    """runs under way are not judged, and the sentence says so"""
    shared.need_shared("data", "curves")
    with tempfile.TemporaryDirectory() as folder:
        curves = [c for c in backtest.read(backtest.shared_curves())
                  if c.source == "mpl"][:2]
        for curve in curves:
            half = len(curve.x) // 2
            curve.x, curve.y = curve.x[:half], curve.y[:half]
        store = bring(folder, curves, "RUNNING")
        card, found = judge(store)
        assert not found, found
        assert "No finished run" in card["headline"], card["headline"]


shared.run(keeps_its_promises, says_that_nothing_is_finished)
