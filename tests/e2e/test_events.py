"""test_events.py - what changes is told to those who listen, once and in order."""
# SPDX-License-Identifier: Apache-2.0
import http.client
import json
import os
import resource
import socket
import subprocess
import tempfile
import threading
import time

from server import Server
from shared import KM, km, run


def log(path, last):
    """A log with so many steps."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("step,loss\n")
        for step in range(1, last + 1):
            file.write(f"{step},{1 + 3 * step ** -0.5:.6f}\n")


class Stream:
    """One open event stream, read by a thread."""

    def __init__(self, server, query="", last=None, token=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port,
                                                     timeout=60)
        headers = {"Last-Event-ID": last} if last else {}
        if token:
            headers["Authorization"] = "Bearer " + token
        self.connection.request("GET", "/api/v1/events" + query, None, headers)
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        self.events, self.ended, self.beats = [], False, 0
        self.thread = threading.Thread(target=self.listen, daemon=True)
        if self.answer.status == 200:
            self.thread.start()

    def listen(self):
        """Blocks of lines, each ended by an empty one."""
        event = {}
        try:
            for line in self.answer:
                line = line.decode().rstrip("\n")
                if not line:
                    if "data" in event:
                        self.events.append(event)
                    event = {}
                elif line.startswith(":"):
                    self.beats += 1
                else:
                    key, _, value = line.partition(": ")
                    event[key] = value
        except (OSError, http.client.HTTPException, ValueError,
                AttributeError):  # closed while it reads
            pass
        self.ended = True

    def wait(self, true, seconds=20):
        """Waits until the events are as they should be."""
        end = time.monotonic() + seconds
        while not true(self.events):
            assert time.monotonic() < end, self.events
            time.sleep(0.05)
        return self.events

    def close(self):
        """Goes away without a word."""
        self.socket.shutdown(socket.SHUT_RDWR)


def imported(store, folder):
    """Imports beside the server, as another process."""
    code, _, err = km("import", folder, "--store", store, "--quiet")
    assert code == 0, err


def rows(events):
    """Data of the runs."""
    return [json.loads(e["data"]) for e in events if e["event"] == "run"]


def changes_are_told():
    """another process writes: a row a change, with its figures when they are"""
    with tempfile.TemporaryDirectory() as top:
        logs, store = os.path.join(top, "lab"), os.path.join(top, "s")
        log(os.path.join(logs, "a.csv"), 300)
        imported(store, logs)
        with Server(store) as server:
            page = server.ask("/api/v1/fleet")[2]
            stream = Stream(server, "?after=" + page["cursor"])
            assert stream.answer.headers["Content-Type"] == \
                "text/event-stream"
            log(os.path.join(logs, "b.csv"), 200)
            imported(store, logs)
            stream.wait(lambda e: any(r["run"] == "lab/b" and r["fresh"] and
                                      r["velocity"]["value"] for r in rows(e)))
            assert all(r["run"] == "lab/b" for r in rows(stream.events) if
                       r["max_step"] != 300), stream.events
            log(os.path.join(logs, "a.csv"), 400)
            imported(store, logs)
            stream.wait(lambda e: any(r["max_step"] == 400 for r in rows(e)))
            # resumed: what came since, and nothing twice
            last = stream.events[-1]["id"]
            stream.close()
            log(os.path.join(logs, "b.csv"), 250)
            imported(store, logs)
            again = Stream(server, "", last)
            again.wait(lambda e: any(r["max_step"] == 250 for r in rows(e)))
            numbers = [int(e["id"].split("-")[1]) for e in again.events]
            assert numbers == sorted(set(numbers)), numbers
            assert numbers[0] > int(last.split("-")[1]), (numbers, last)
            # of one run only
            one = rows(again.events)[-1]["id"]
            other = Stream(server, "?run=" + one)
            log(os.path.join(logs, "a.csv"), 450)
            log(os.path.join(logs, "b.csv"), 300)
            imported(store, logs)
            other.wait(lambda e: any(r["max_step"] == 300 for r in rows(e)))
            assert {r["id"] for r in rows(other.events)} == {one}


def strangers_load_anew():
    """an id of another server, or none of sense, is answered by reload"""
    with tempfile.TemporaryDirectory() as top:
        logs, store = os.path.join(top, "lab"), os.path.join(top, "s")
        log(os.path.join(logs, "a.csv"), 50)
        imported(store, logs)
        with Server(store) as server:
            mine = server.ask("/api/v1/fleet")[2]["cursor"]
            for bad in ("00000000000000ff-3", "x", mine + "9", "-",
                        "9" * 300):
                stream = Stream(server, "", bad)
                events = stream.wait(lambda e: len(e) > 0)
                assert events[0]["event"] == "reload", (bad, events)
                stream.close()
            assert server.ask("/api/v1/events?run=nothing")[0] == 404
            status, headers, body = server.ask("/api/v1/events", "HEAD")
            assert status == 200 and not body, (status, body)
            assert headers["Content-Type"] == "text/event-stream"


def a_stop_ends_streams():
    """a server that stops ends its streams at once, and ends well"""
    with tempfile.TemporaryDirectory() as top:
        store = os.path.join(top, "s")
        log(os.path.join(top, "lab", "a.csv"), 50)
        imported(store, os.path.join(top, "lab"))
        server = Server(store).start()
        streams = [Stream(server) for _ in range(20)]
        time.sleep(0.5)
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 5
        for stream in streams:
            stream.thread.join(10)
            assert stream.ended


def tokens_bound_streams():
    """a token of one project hears of its runs only"""
    with tempfile.TemporaryDirectory() as top:
        store = os.path.join(top, "s")
        for project in ("mine", "other"):
            log(os.path.join(top, project, "a.csv"), 50)
            imported(store, os.path.join(top, project))
        tokens = os.path.join(store, "tokens")
        token = "km_" + "5" * 64
        with open(os.open(tokens, os.O_CREAT | os.O_WRONLY, 0o600), "w",
                  encoding="utf-8") as file:
            file.write(f"read mine {token}\nadmin * km_{'6' * 64}\n")
        with Server(store) as server:
            stream = Stream(server, token=token)
            everything = Stream(server)
            for project in ("other", "mine"):
                log(os.path.join(top, project, "a.csv"), 90)
                imported(store, os.path.join(top, project))
            stream.wait(lambda e: any(r["max_step"] == 90 for r in rows(e)))
            everything.wait(lambda e: {r["project"] for r in rows(e)} ==
                            {"mine", "other"})
            assert {r["project"] for r in rows(stream.events)} == {"mine"}
            refused = Stream(server, "?project=other", token=token)
            assert refused.answer.status == 404


def many_viewers():
    """200 viewers hear each change once; those that vanish cost nothing"""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    with tempfile.TemporaryDirectory() as top:
        logs, store = os.path.join(top, "lab"), os.path.join(top, "s")
        log(os.path.join(logs, "a.csv"), 50)
        imported(store, logs)
        with Server(store) as server:
            streams = [Stream(server) for _ in range(200)]
            for last in (60, 70, 80):
                log(os.path.join(logs, "a.csv"), last)
                imported(store, logs)
                for stream in streams:
                    stream.wait(lambda e, n=last: any(
                        r["max_step"] == n for r in rows(e)), 60)
            for stream in streams:
                ids = [e["id"] for e in stream.events]
                assert len(ids) == len(set(ids)), ids
                stream.close()
            log(os.path.join(logs, "a.csv"), 90)
            imported(store, logs)
            end = time.monotonic() + 60
            while True:
                text = server.ask("/metrics")[2].decode()
                left = [int(line.split()[1]) for line in text.splitlines()
                        if line.startswith("knotmeter_viewers ")][0]
                if left == 0:
                    break
                assert time.monotonic() < end, left
                time.sleep(0.5)


assert subprocess.run([KM, "version"], check=False,
                      stdout=subprocess.DEVNULL).returncode == 0
run(changes_are_told, strangers_load_anew, a_stop_ends_streams,
    tokens_bound_streams, many_viewers)
