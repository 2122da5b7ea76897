#!/usr/bin/env python3
"""test_mlflow_stores.py - MLflow's stores as they change: rows that vanish
from a database, files that stand beside the runs.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import sqlite3
import tempfile

import shared
from shared import km

SCHEMA = """
CREATE TABLE experiments(experiment_id INT, name TEXT, lifecycle_stage TEXT);
CREATE TABLE runs(run_uuid TEXT, name TEXT, status TEXT, start_time INT,
  end_time INT, lifecycle_stage TEXT, experiment_id INT, source_type TEXT,
  source_name TEXT, user_id TEXT, source_version TEXT, artifact_uri TEXT);
CREATE TABLE metrics(key TEXT, value REAL, timestamp INT, run_uuid TEXT,
  step INT, is_nan INT);
CREATE TABLE params(key TEXT, value TEXT, run_uuid TEXT);
CREATE TABLE tags(key TEXT, value TEXT, run_uuid TEXT);
INSERT INTO experiments VALUES(0, 'e', 'active');
"""


def bring(folder):
    """Imports folder/in; returns the summary and the points of each run."""
    store = os.path.join(folder, "store")
    status, out, err = km("import", "--json", "--store", store,
                          os.path.join(folder, "in"))
    assert status == 0, (status, err)
    rows = km("metrics", "--store", store, "--json")[1].splitlines()
    held = {row["external_id"]: row["n"] for row in map(json.loads, rows)}
    return json.loads(out.splitlines()[-1])["summary"], held


def log(database, run, steps):
    """What MLflow writes for one run and metric."""
    database.execute("INSERT INTO runs(run_uuid, name, status, start_time, "
                     "lifecycle_stage, experiment_id) SELECT ?1, ?1, "
                     "'FINISHED', 1600000000000, 'active', 0 WHERE NOT EXISTS "
                     "(SELECT 1 FROM runs WHERE run_uuid = ?1)", (run,))
    database.executemany("INSERT INTO metrics VALUES('loss',?,?,?,?,0)",
                         [(1 / (i + 1), 1600000000000 + i, run, i)
                          for i in steps])
    database.commit()


def rows_that_vanish():
    """a database whose rows vanished is read again, in place of itself"""
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "in"))
        database = sqlite3.connect(os.path.join(folder, "in", "mlflow.db"))
        database.executescript(SCHEMA)
        log(database, "a", range(10))
        log(database, "b", range(20))
        assert bring(folder)[1] == {"a": 10, "b": 20}
        database.execute("DELETE FROM metrics WHERE run_uuid = 'a'")
        database.execute("DELETE FROM runs WHERE run_uuid = 'a'")
        log(database, "b", range(20, 25))
        assert bring(folder)[1] == {"b": 25}
        summary, held = bring(folder)
        assert held == {"b": 25} and summary["points"] == 0, summary
        log(database, "b", range(25, 30))
        summary, held = bring(folder)
        assert held == {"b": 30} and summary["points"] == 5, summary
        database.close()


def files_beside_the_runs():
    """what stands beside the runs is not told to be unknown"""
    with tempfile.TemporaryDirectory() as folder:
        files = {"0/meta.yaml": "name: x\n",
                 "0/models/m-1/meta.yaml": "model_id: m-1\n",
                 "0/models/m-1/artifacts/MLmodel": "flavors: {}\n",
                 "0/r/meta.yaml": "experiment_id: 0\nrun_id: r\n",
                 "0/r/metrics/loss": "1 2 3\n", "notes.bin": "\x01\x02"}
        for name, text in files.items():
            path = os.path.join(folder, "in", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
        summary, held = bring(folder)
        assert held == {"r": 1}, held
        assert summary["unrecognised"] == 1, summary


shared.run(rows_that_vanish, files_beside_the_runs)
