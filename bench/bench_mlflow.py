#!/usr/bin/env python3
"""bench_mlflow.py - MLflow's API: ours, and MLflow's own server beside it.

    bench_mlflow.py BUILD

The same requests, over one connection each, by the same client code: batches of
1,000 points of ten metrics, and a search with filter and order over 10,000 runs.
MLflow's server (one worker, on SQLite) stands beside it where its package can be
had; it is given fewer batches, and a search of 300 runs.
"""
# SPDX-License-Identifier: Apache-2.0
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time

import lines

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "tests", "e2e"))
from client_venv import python_with  # noqa: E402
from shared import Skip  # noqa: E402

METRICS, KEYS = 1000, 10


class Server:
    """A server process, and one connection to it."""

    def __init__(self, words, port, token, cwd):
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True,
                                        cwd=cwd, start_new_session=True)
        if port is None:
            port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        self.port, self.token, self.connection = port, token, None

    def connect(self):
        """Waits until it answers."""
        for _ in range(600):
            try:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.port, timeout=600)
                self.connection.connect()
                self.connection.sock.setsockopt(socket.IPPROTO_TCP,
                                                socket.TCP_NODELAY, 1)
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server does not start")

    def post(self, path, body):
        """The answer; `body` is a document or its bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = {"Content-Type": "application/json"}
        if self.token:
            head["Authorization"] = "Bearer " + self.token
        self.connection.request("POST", "/api/2.0/mlflow/" + path, data, head)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text[:300]
        return json.loads(text)

    def stop(self):
        """It and its children."""
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)


def batch(run, number):
    """METRICS points of KEYS metrics, going on from the batch before."""
    steps = METRICS // KEYS
    return json.dumps({"run_id": run, "metrics": [
        {"key": f"train/m{i % KEYS}", "value": 1 / (1 + i),
         "timestamp": 1600000000000 + number * steps + i // KEYS,
         "step": number * steps + i // KEYS} for i in range(METRICS)]}).encode()


def measure(server, batches, runs):
    """(metrics/s, ms of a search, runs searched)"""
    server.connect()
    one = server.post("experiments/create", {"name": "bench"})["experiment_id"]
    run = server.post("runs/create", {"experiment_id": one, "start_time": 1}
                      )["run"]["info"]["run_id"]
    bodies = [batch(run, i) for i in range(batches)]
    server.post("runs/log-batch", bodies[0])
    began = time.perf_counter()
    for body in bodies[1:]:
        server.post("runs/log-batch", body)
    rate = METRICS * (batches - 1) / (time.perf_counter() - began)
    two = server.post("experiments/create", {"name": "many"})["experiment_id"]
    for i in range(runs):
        run = server.post("runs/create", {
            "experiment_id": two, "start_time": i + 1})["run"]["info"]["run_id"]
        server.post("runs/log-batch", {
            "run_id": run, "metrics": [{"key": "loss", "value": i % 997,
                                        "timestamp": 1, "step": 1}],
            "params": [{"key": "lr", "value": str(i % 7)}]})
    asked = {"experiment_ids": [two], "max_results": 20,
             "filter": "metrics.loss < 500 and params.lr = '3'",
             "order_by": ["metrics.loss ASC"]}
    times = []
    for _ in range(11):
        began = time.perf_counter()
        got = server.post("runs/search", asked)["runs"]
        times.append((time.perf_counter() - began) * 1e3)
        assert 0 < len(got) <= 20
    return rate, statistics.median(times), runs


def measure_stock(folder):
    """The same of MLflow's own server; None where it cannot be had."""
    try:
        python = python_with("mlflow-3", "mlflow>=3,<4", "scikit-learn")
    except Skip as why:
        print(f"# MLflow's server is left out: {why}", flush=True)
        return None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server([python, "-m", "mlflow", "server", "--host", "127.0.0.1",
                     "--port", str(port), "--workers", "1",
                     "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"],
                    port, None, folder)
    try:
        return measure(server, 6, 300)
    finally:
        server.stop()


def main():
    """Ours, then the stock server."""
    km = os.path.join(os.path.abspath(sys.argv[1]), "km")
    with lines.folder() as folder:
        store = os.path.join(folder, "store")
        server = Server([km, "serve", "--store", store, "--port", "0",
                         "--quiet"], None, None, folder)
        with open(os.path.join(store, "tokens"), encoding="utf-8") as file:
            server.token = next(line.split()[2] for line in file
                                if line.startswith("admin"))
        try:
            ours = measure(server, 300, 10000)
        finally:
            server.stop()
        stock = measure_stock(folder)
    lines.say("MLflow log-batch, durable", ours[0], "metric/s", goal=300000,
              higher=True, peer=stock and "MLflow's server",
              peer_value=stock and stock[0])
    lines.say("MLflow search of 10,000 runs", ours[1], "ms", goal=30,
              peer=stock and "MLflow's server, 300 runs",
              peer_value=stock and stock[1])


if __name__ == "__main__":
    main()
