"""test_speed_runs.py - the published table of speed runs, measured again.

Each row of the table names a log and the minutes it took. The log is imported,
the record's loss is the last validation loss in it, and the time to that loss
must be the published one within 1 %: once as the report says it, once from the
exported points alone.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import tempfile

from shared import km, need_shared, run

MINUTES = {"s": 1 / 60, "min": 1.0, "h": 60.0, "ms": 1 / 60000}


def lines(*words):
    """The JSON lines that a command prints; its failure is the test's."""
    code, out, err = km(*words)
    assert code == 0, (words, code, err)
    return [json.loads(line) for line in out.splitlines() if line.strip()]


def by_export(store, target):
    """Minutes of training at the first evaluation at or below the target."""
    points = {}
    for metric in ("val_loss", "train_time"):
        points[metric] = lines("export", "--store", store, "--metric", metric,
                               "--format", "jsonl", "--quiet")
    reached = min(p["step"] for p in points["val_loss"]
                  if p["value"] <= target)
    at = [p["value"] for p in points["train_time"] if p["step"] == reached]
    return max(at) / 60000


def by_report(store, target):
    """What forecast.time_to_target says on the axis of training time."""
    code, out, err = km("report", "--store", store, "--target", target,
                        "--format", "json", "--quiet")
    assert code == 0, err
    page = json.loads(out)
    figures = page["figures"] if "figures" in page else page["runs"][0]["figures"]
    found = [f for f in figures if f["id"] == "forecast.time_to_target" and
             "time" in f["variant"] and f["value"] is not None]
    assert found, "no time to target: " + str(
        [f for f in figures if f["id"] == "forecast.time_to_target"])
    return found[0]["value"] * MINUTES[found[0]["unit"]]


def rows():
    """Rows of the table, with the place of their log below the shared data."""
    table = json.load(open(need_shared("data", "logs", "truth",
                                       "nanogpt_table.json"), encoding="utf-8"))
    for row in table:
        path = os.path.join("data", "logs", "nanogpt_log",
                            "KellerJordan+modded-nanogpt",
                            os.path.relpath(row["log"], "records"))
        yield row, need_shared(*path.split("/"))


def published_times_are_found_again():
    """time to each record's loss is the published one within 1 %"""
    checked = 0
    for row, path in rows():
        with tempfile.TemporaryDirectory() as folder:
            store = os.path.join(folder, "store")
            code, _, err = km("import", path, "--store", store, "--quiet")
            assert code == 0, err
            series = {s["metric"]: s for s in lines("metrics", "--store", store,
                                                    "--json")}
            if "train_time" not in series:
                print(f"# row {row['row']}: the log has no clock")
                continue
            target = series["val_loss"]["last"]
            for name, minutes in (("export", by_export(store, target)),
                                  ("report", by_report(store, target))):
                off = minutes / row["value"] - 1
                print(f"# row {row['row']}: {name} {minutes:.3f} min, "
                      f"published {row['value']}, {100 * off:+.2f} %")
                assert abs(off) < 0.01, (row, name, minutes)
            checked += 1
    assert checked >= 10, checked


run(published_times_are_found_again)
