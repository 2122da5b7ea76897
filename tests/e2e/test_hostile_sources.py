#!/usr/bin/env python3
"""test_hostile_sources.py - files made to cost time, or to break what is kept
between imports: each costs seconds at most and harms nothing beside it.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import resource
import tempfile

import shared
from shared import km

CPU_SECONDS = 60  # sanitizers and slow machines; a quadratic one takes hours


def limit():
    """Ends the program under test when it computes for too long."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))


def load(name, text, times=1):
    """Imports one file; returns the last import's output and the points."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "in", name)
        os.makedirs(os.path.dirname(path))
        with open(path, "wb") as out:
            out.write(text)
        store = os.path.join(folder, "store")
        for _ in range(times):
            status, out, err = km("import", "--store", store,
                                  os.path.join(folder, "in"),
                                  preexec_fn=limit)
            assert status == 0, (status, err[-300:])
        rows = km("metrics", "--store", store, "--json")[1].splitlines()
        return out, {row["metric"]: row["n"] for row in map(json.loads, rows)}


def many_objects_that_are_no_metrics():
    """JSON Lines: many media objects beside many numbers cost no square"""
    numbers = ",".join(f'"a":{i}' for i in range(400000))
    media = ",".join('"b":{"x":1,"_type":"t"}' for _ in range(100000))
    _, points = load("log.jsonl",
                     f'{{"step":1,"loss":1}}\n{{"step":2,{numbers},{media}}}\n'
                     .encode())
    assert points == {"loss": 1, "a": 400000}, points


def one_line_beyond_a_limit():
    """JSON Lines: a line nested too deep is left out, the next is read"""
    deep = b'{"step":2,"x":' + b"[" * 50000 + b"]" * 50000 + b"}\n"
    _, points = load("log.jsonl", b'{"step":1,"loss":1}\n' + deep +
                     b'{"step":3,"loss":3}\n')
    assert points == {"loss": 2}, points


def a_long_key_before_many_numbers():
    """MLPerf: a key of megabytes is not copied before each of its numbers"""
    key, numbers = b"k" * (6 << 20), b",".join([b"1"] * 1000000)
    _, points = load("a.log",
                     b':::MLLOG {"key":"eval_accuracy","value":1,'
                     b'"metadata":{"step_num":1}}\n'
                     b':::MLLOG {"key":"' + key + b'","value":[' + numbers +
                     b'],"metadata":{"step_num":2}}\n')
    assert points == {"eval_accuracy": 1}, points


def a_run_that_lasts_longer_than_64_bits():
    """MLPerf: a run's length does not overflow"""
    _, points = load("a.log",
                     b':::MLLOG {"key":"run_start","time_ms":-8999999999999,'
                     b'"event_type":"INTERVAL_START"}\n'
                     b':::MLLOG {"key":"run_stop","time_ms":8999999999999,'
                     b'"event_type":"INTERVAL_END"}\n'
                     b':::MLLOG {"key":"eval_accuracy","value":1}\n')
    assert points == {"eval_accuracy": 1}, points


def a_long_task_with_many_metrics():
    """lm-eval: a task of megabytes is not hashed for each of its metrics"""
    rows = b",".join(b'"a%d,none":1' % i for i in range(300000))
    load("results_x.json",
         b'{"results":{"' + b"t" * (6 << 20) + b'":{' + rows +
         b'}},"versions":{},"n-shot":{}}')


def a_line_end_in_a_metric_file():
    """MLflow: a file name with a line end leaves the run readable"""
    with tempfile.TemporaryDirectory() as folder:
        files = {"0/meta.yaml": "name: x\n",
                 "0/r/meta.yaml": "experiment_id: 0\nrun_id: r\n",
                 "0/r/metrics/a\nb": "1 2 3\n", "0/r/metrics/c": "1 2 3\n"}
        for name, text in files.items():
            path = os.path.join(folder, "in", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
        store = os.path.join(folder, "store")
        for points in (1, 0):
            status, out, err = km("import", "--store", store, "--json",
                                  os.path.join(folder, "in"))
            assert status == 0, err
            total = json.loads(out.splitlines()[-1])["summary"]
            assert total["points"] == points, total


shared.run(many_objects_that_are_no_metrics, one_line_beyond_a_limit,
           a_long_key_before_many_numbers,
           a_run_that_lasts_longer_than_64_bits,
           a_long_task_with_many_metrics, a_line_end_in_a_metric_file)
