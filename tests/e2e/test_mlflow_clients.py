#!/usr/bin/env python3
"""test_mlflow_clients.py - stock MLflow clients against a real `km serve`."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import re
import signal
import subprocess
import tempfile
import threading

import shared
from server import Server
from shared import km
from client_venv import python_with

HERE = os.path.dirname(os.path.abspath(__file__))
CLIENTS = {2: ("mlflow-2", "mlflow>=2,<3", "scikit-learn"),
           3: ("mlflow-3", "mlflow>=3,<4", "scikit-learn")}
API = "/api/2.0/mlflow/"
PAGE = os.path.join(shared.ROOT, "docs", "compatibility.md")


def client(server, major, script, *words, token=True):
    """Runs a script with a stock client; (exit status, stdout, stderr)."""
    env = {**os.environ, "MLFLOW_TRACKING_URI":
           f"http://127.0.0.1:{server.port}", "MLFLOW_DISABLE_TELEMETRY":
           "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
           "MLFLOW_ENABLE_ASYNC_LOGGING": "false"}
    env.pop("MLFLOW_TRACKING_TOKEN", None)
    if token:
        env["MLFLOW_TRACKING_TOKEN"] = server.token
    done = subprocess.run([python_with(*CLIENTS[major]),
                           os.path.join(HERE, "clients", script), *words],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env=env, check=False, timeout=280)
    return done.returncode, done.stdout, done.stderr


class Api:
    """MLflow's API by hand, for what no client sends."""

    def __init__(self, server, token=None):
        self.server, self.token = server, token or server.token

    def __call__(self, path, body=None, method=None, base=API, **headers):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content_Type", "application/json")
        status, _, value = self.server.ask(
            base + path, method or ("GET" if body is None else "POST"), body,
            token=self.token, **headers)
        return status, value

    def made(self, name="e"):
        """A new run of an experiment of that name; (experiment, run)."""
        status, one = self("experiments/create", {"name": name})
        if status != 200:
            one = self("experiments/get-by-name?experiment_name=" +
                       name)[1]["experiment"]
        status, got = self("runs/create", {
            "experiment_id": one["experiment_id"], "start_time": 1600000000000})
        assert status == 200, got
        return one["experiment_id"], got["run"]["info"]["run_id"]


def life(major):
    """The whole tracking life; what the client says of itself."""
    with tempfile.TemporaryDirectory() as folder:
        with Server(os.path.join(folder, "store")) as server:
            status, out, err = client(server, major, "mlflow_life.py")
            assert status == 0, err[-3000:]
            said = json.loads(out.strip().splitlines()[-1])
            server.stop()
            server.start()  # what was said is still known
            api = Api(server)
            status, got = api("experiments/search", {"max_results": 100})
            assert status == 200 and len(got["experiments"]) >= 9, got
            one = api("experiments/get-by-name?experiment_name=train")[1]
            status, got = api("runs/search", {
                "experiment_ids": [one["experiment"]["experiment_id"]],
                "filter": "attributes.run_name = 'parent'"})
            data = got["runs"][0]["data"]
            metrics = {m["key"]: (m["value"], m["step"])
                       for m in data["metrics"]}
            assert metrics["loss"] == (1 / 50, 49), metrics
            assert metrics["odd/name 1.x-y"] == ("-Infinity", 3), metrics
            assert {p["key"]: p["value"] for p in data["params"]}["none"] == \
                "None"
    # what the page says is what passed
    with open(PAGE, encoding="utf-8") as file:
        rows = [line for line in file if f"MLflow {major}." in line]
    assert len(rows) == 1, rows
    return said


def life_2():
    """the stock 2.x client lives its whole tracking life"""
    assert len(life(2)["passed"]) == 8


def life_3():
    """the stock 3.x client lives its whole tracking life"""
    assert len(life(3)["passed"]) == 8


def unchanged_script():
    """a script written for MLflow runs unchanged; km measures what it logged"""
    with tempfile.TemporaryDirectory() as folder:
        store = os.path.join(folder, "store")
        with Server(store) as server:
            status, _, err = client(server, 3, "mlflow_script.py")
            assert status == 0, err
            # live: the server still runs
            status, out, err = km("runs", "--store", store, "--json")
            assert status == 0, err
            rows = [json.loads(line) for line in out.splitlines()]
            assert {row["run"] for row in rows} == {
                "two-moons/lr-0.1", "two-moons/lr-0.2"}, rows
            assert {row["project"] for row in rows} == {"two-moons"}
            assert {row["state"] for row in rows} == {"finished"}
            status, out, err = km("report", "--store", store, "lr-0.1")
            assert status == 0 and "learn" in out, (out, err)
            status, out, err = km("compare", "--store", store, "lr-0.1",
                                  "lr-0.2")
            assert status == 0 and "lr" in out, (out, err)


def without_a_token():
    """without a token the stock client is told what it lacks"""
    with tempfile.TemporaryDirectory() as folder:
        with Server(os.path.join(folder, "store")) as server:
            status, _, err = client(server, 3, "mlflow_script.py", token=False)
            assert status != 0 and "MLFLOW_TRACKING_TOKEN" in err, err
            status, _, got = server.ask(API + "runs/create", "POST", b"{}",
                                        Content_Type="application/json")
            assert status == 401 and got["error_code"] == "UNAUTHENTICATED"


def sent_twice():
    """a batch that comes again, also after kill -9, changes nothing"""
    with tempfile.TemporaryDirectory() as folder:
        with Server(os.path.join(folder, "store")) as server:
            api = Api(server)
            _, run = api.made()
            batch = {"run_id": run, "metrics": [
                {"key": f"m{i % 3}", "value": i * 0.5, "step": i // 3,
                 "timestamp": 1600000000000 + i // 5} for i in range(300)],
                "params": [{"key": "p", "value": "1"}]}
            batch["metrics"] += [
                {"key": "flat", "value": v, "step": 0, "timestamp": 1}
                for v in (1, 2, 2, 1, 3)]
            assert api("runs/log-batch", batch) == (200, {})
            assert api("runs/log-batch", batch) == (200, {})
            server.stop(signal.SIGKILL)
            server.start()
            api = Api(server)
            assert api("runs/log-batch", batch) == (200, {})
            for key, n in (("m0", 100), ("m1", 100), ("m2", 100), ("flat", 3)):
                got = api(f"metrics/get-history?run_id={run}&metric_key={key}")
                assert len(got[1]["metrics"]) == n, (key, got)
            # the same step again with another value is another point
            assert api("runs/log-metric", {
                "run_id": run, "key": "m0", "value": "NaN", "step": 0,
                "timestamp": "1600000000000"}) == (200, {})
            got = api(f"metrics/get-history?run_id={run}&metric_key=m0")
            assert len(got[1]["metrics"]) == 101


def many_at_once():
    """eight writers at once: each acknowledged point is there, once"""
    with tempfile.TemporaryDirectory() as folder:
        with Server(os.path.join(folder, "store")) as server:
            api = Api(server)
            runs = [api.made()[1] for _ in range(4)]
            failures = []

            def write(number):
                for i in range(60):
                    got = api("runs/log-metric", {
                        "run_id": runs[number % 4], "key": f"k{number}",
                        "value": i, "step": i, "timestamp": 1600000000000 + i})
                    if got != (200, {}):
                        failures.append(got)
            threads = [threading.Thread(target=write, args=(i,))
                       for i in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert not failures, failures[:3]
            server.stop(signal.SIGKILL)
            server.start()
            for i in range(8):
                got = api(f"metrics/get-history?run_id={runs[i % 4]}"
                          f"&metric_key=k{i}")[1]["metrics"]
                assert [m["step"] for m in got] == list(range(60))


def tokens_of_a_project():
    """a token of one experiment sees, and writes, nothing else"""
    with tempfile.TemporaryDirectory() as folder:
        store = os.path.join(folder, "store")
        with Server(store) as server:
            other, run = Api(server).made("other")
            limited = "km_" + "ab" * 32
            with open(os.path.join(store, "tokens"), "a",
                      encoding="utf-8") as file:
                file.write(f"write mine {limited}\n")
            server.stop()
            server.start()
            api = Api(server, limited)
            assert api("experiments/create", {"name": "theirs"})[0] == 403
            assert api(f"runs/get?run_id={run}")[0] == 404
            assert api("runs/log-metric", {"run_id": run, "key": "a",
                                           "value": 1})[0] == 404
            assert api(f"experiments/get?experiment_id={other}")[0] == 404
            assert api("experiments/search", {"max_results": 9})[1][
                "experiments"] == []
            assert api(f"mlflow-artifacts/artifacts/{other}/{run}/artifacts/x",
                       b"x", "PUT", "/api/2.0/")[0] == 404
            mine, run = api.made("mine")
            assert api(f"mlflow-artifacts/artifacts/{mine}/{run}/artifacts/x",
                       b"x", "PUT", "/api/2.0/")[0] == 200
            assert api("runs/log-metric", {"run_id": run, "key": "a",
                                           "value": 1})[0] == 200


def hostile():
    """what is hostile gets a sentence in MLflow's shape, and nothing else"""
    with tempfile.TemporaryDirectory() as folder:
        with Server(os.path.join(folder, "store")) as server:
            api = Api(server)
            one, run = api.made()
            deep = b'{"run_id":' + b"[" * 5000 + b"]" * 5000 + b"}"
            long = "x" * 2000
            rows = [
                ("runs/create", deep, 400), ("runs/create", b"{", 400),
                ("runs/create", b"[1]", 404), ("runs/create", b"null", 404),
                ("runs/log-metric", {"run_id": run, "key": "a\n", "value": 1},
                 400),
                ("runs/log-metric", {"run_id": run, "key": long, "value": 1},
                 400),
                ("runs/log-metric", {"run_id": run, "key": "a", "value": "x"},
                 400),
                ("runs/log-metric", {"run_id": run, "key": "a",
                                     "value": None}, 400),
                ("runs/log-metric", {"run_id": run, "value": 1}, 400),
                ("runs/log-metric", {"run_id": [run], "key": "a", "value": 1},
                 400),
                ("runs/set-tag", {"run_id": run, "key": "\u0000", "value": ""},
                 400),
                ("runs/set-tag", {"run_id": run, "key": "k",
                                  "value": "v" * 100000}, 400),
                ("runs/log-batch", {"run_id": run, "metrics": [
                    {"key": "a", "value": 1}] * 100001}, 400),
                ("runs/update", {"run_id": run, "status": "DONE"}, 400),
                ("experiments/create", {"name": ""}, 400),
                ("experiments/create", {"name": "a\u001b[31m"}, 400),
                ("runs/search", {"experiment_ids": [one],
                                 "filter": "a" * 20000}, 400),
                ("runs/search", {"experiment_ids": [one],
                                 "filter": "tags.a = 'b' and " * 100}, 400),
                ("runs/search", {"experiment_ids": [one],
                                 "filter": "tags.a = 'b"}, 400),
                ("runs/search", {"experiment_ids": [one],
                                 "max_results": 10**9}, 400),
                ("nothing/here", {}, 404),
            ]
            for path, body, expected in rows:
                status, got = api(path, body)
                assert status == expected, (path, str(body)[:80], status, got)
                assert set(got) == {"error_code", "message"}, got
            assert api("runs/create", b"a=b", Content_Type="text/plain")[0] \
                == 415
            assert api("runs/create", {}, Origin="http://evil")[0] == 403
            huge = (f"POST {API}runs/create HTTP/1.1\r\nHost: 127.0.0.1:"
                    f"{server.port}\r\nAuthorization: Bearer {server.token}"
                    "\r\nContent-Type: application/json\r\n"
                    "Content-Length: 99999999\r\nConnection: close\r\n\r\n")
            back = server.raw(huge.encode())
            assert b" 400 " in back and b"INVALID_PARAMETER_VALUE" in back
            assert api(f"runs/get?run_id={run}")[1]["run"]["data"] == {
                "metrics": [], "params": [], "tags": [
                    {"key": "mlflow.runName",
                     "value": api(f"runs/get?run_id={run}")[1]["run"]["info"][
                         "run_name"]}]}


def artifacts_that_climb():
    """no artifact leaves its folder, however its path is written"""
    with tempfile.TemporaryDirectory() as folder:
        store = os.path.join(folder, "store")
        with Server(store) as server:
            api = Api(server)
            one, run = api.made()
            base = f"mlflow-artifacts/artifacts/{one}/{run}/artifacts/"
            assert api(base + "a/b", b"ok", "PUT", "/api/2.0/")[0] == 200
            os.symlink("/etc", os.path.join(store, "artifacts", one, run,
                                            "artifacts", "link"))
            paths = ["../../../../tokens", "..%2f..%2f..%2f..%2ftokens",
                     "%2e%2e/%2e%2e/%2e%2e/tokens", "a/../../../../tokens",
                     "%252e%252e/x", "..", ".", "a//b", "/etc/passwd",
                     "%2fetc%2fpasswd", "a%00b", "a%0ab", "..%5c..%5cx",
                     "a/%", "a/%4", "link/passwd", "link", "x" * 300,
                     "/".join("d" * 80)]
            for path in paths:
                for method, body in (("PUT", b"evil"), ("GET", None),
                                     ("DELETE", None)):
                    status, got = api(base + path, body, method, "/api/2.0/")
                    # '%25' makes a plain name with a percent sign; a file
                    # takes the place of a link, and what that led to stays
                    fine = path in ("%252e%252e/x", "link")
                    assert fine or status in (400, 404), (
                        path, method, status, got)
            listing = api(f"artifacts/list?run_id={run}&path=../..")
            assert listing[0] == 400, listing
            assert api("mlflow-artifacts/artifacts?path=..", None, "GET",
                       "/api/2.0/")[0] == 400
            assert not os.path.exists(os.path.join(folder, "x"))
            with open(os.path.join(store, "tokens"), encoding="utf-8") as f:
                assert "admin" in f.read()
            assert os.path.exists("/etc/passwd")
            found = [name for _, _, names in os.walk(folder)
                     for name in names if name.startswith(".km-")]
            assert not found, found
            # an upload that is cut leaves nothing
            head = (f"PUT /api/2.0/{base}cut HTTP/1.1\r\nHost: "
                    f"127.0.0.1:{server.port}\r\nAuthorization: Bearer "
                    f"{server.token}\r\nContent-Length: 100\r\n\r\nhalf")
            try:
                server.raw(head.encode(), timeout=1)
            except OSError:
                pass
            assert api(base + "cut", None, "GET", "/api/2.0/")[0] == 404
            status, got = api(base + "a/b", None, "GET", "/api/2.0/")
            assert (status, got) == (200, b"ok")


def table_of_clients():
    """docs/compatibility.md names the clients that these tests run"""
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    for major, (_, package, _) in CLIENTS.items():
        assert re.search(rf"\| MLflow {major}\.\d+\.\d+ ", text), package


if __name__ == "__main__":
    shared.run(life_2, life_3, unchanged_script, without_a_token, sent_twice,
               many_at_once, tokens_of_a_project, hostile,
               artifacts_that_climb, table_of_clients)
