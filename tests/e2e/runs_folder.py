"""runs_folder.py - runs with settings and curves, as a folder that km imports.

An MLflow file store, because it has everything: parameters, tags, metrics with
step and time, a state. Written without MLflow, so that a thousand runs take a
second.
"""
# SPDX-License-Identifier: Apache-2.0
import os

START_MS = 1_760_000_000_000


def _write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


class RunsFolder:
    """A project below `root`; add() writes one run."""

    def __init__(self, root, project="lab"):
        self.folder = os.path.join(root, "mlruns", "1")
        self.count = 0
        _write(os.path.join(self.folder, "meta.yaml"),
               f"artifact_location: file:///tmp/x\nexperiment_id: '1'\n"
               f"lifecycle_stage: active\nname: {project}\n")

    def add(self, name, params, metrics, status=3, tags=None, start_ms=None):
        """metrics: {name: [(step, seconds, value)]}; status 3 is finished, 1
        running."""
        self.count += 1
        run_id = f"{self.count:032x}"
        base = os.path.join(self.folder, run_id)
        start = start_ms if start_ms is not None else START_MS + self.count
        ends = [t for rows in metrics.values() for _, t, _ in rows]
        end = start + int(1000 * max(ends, default=0))
        ended = f"end_time: {end}\n" if status != 1 else "end_time: null\n"
        _write(os.path.join(base, "meta.yaml"),
               f"artifact_uri: file:///tmp/x/{run_id}\n{ended}"
               f"entry_point_name: ''\nexperiment_id: '1'\n"
               f"lifecycle_stage: active\nrun_id: {run_id}\nrun_name: {name}\n"
               f"run_uuid: {run_id}\nsource_name: ''\nsource_type: 4\n"
               f"source_version: ''\nstart_time: {start}\nstatus: {status}\n"
               f"tags: []\nuser_id: tester\n")
        _write(os.path.join(base, "tags", "mlflow.runName"), name)
        for key, value in (tags or {}).items():
            _write(os.path.join(base, "tags", key), str(value))
        for key, value in params.items():
            _write(os.path.join(base, "params", key), str(value))
        for key, rows in metrics.items():
            _write(os.path.join(base, "metrics", key), "".join(
                f"{start + int(1000 * seconds)} {value!r} {step}\n"
                for step, seconds, value in rows))
        return run_id
