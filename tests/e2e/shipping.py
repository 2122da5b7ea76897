"""shipping.py - programs that record, servers that fail: for tests of shipping."""
# SPDX-License-Identifier: Apache-2.0
import glob
import json
import os
import socket
import subprocess
import threading
import time

from shared import KM, km

RECORDER = os.path.join(os.path.dirname(KM), "tests", "e2e", "recorder")


def clean(**more):
    """The environment without what would ship, and what the test adds."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("KNOTMETER")}
    return {**env, "KNOTMETER_KM": KM, "RECORDER_TELL": "1", **more}


def record(folder, steps, run="r", start=0, env=None):
    """A run with a whole life, of `steps` points; the recorder's result."""
    lines = "".join(f"log {i} loss {i}.25\n"
                    for i in range(start, start + steps))
    return subprocess.run(
        [RECORDER, folder, "p", run, "0", "1"], input=lines, text=True,
        env={"RECORDER_SEGMENT": str(64 << 20), **(env or clean())}, capture_output=True, check=False, timeout=120)


def points(store):
    """Steps of all points of the store, sorted; doubled ones stand twice."""
    code, out, err = km("export", "--store", store, "--format", "jsonl",
                        "--quiet")
    assert code == 0, err
    rows = [json.loads(line) for line in out.splitlines()]
    return sorted(r["step"] for r in rows if r.get("metric") == "loss")


def count(store):
    """How many points the store has of the metric loss."""
    _, out, _ = km("metrics", "--store", store, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    return sum(r["n"] for r in rows if r["metric"] == "loss")


def sync(folder, url, token, *words, env=None, timeout=300):
    """km sync: (exit status, stdout, stderr)"""
    more = {"KNOTMETER_TOKEN": token} if token else {}
    done = subprocess.run(
        [KM, "sync", folder, "--to", url, *words],
        env={**clean(**more), **(env or {})}, capture_output=True, text=True,
        check=False, timeout=timeout)
    return done.returncode, done.stdout, done.stderr


def shippers(folder):
    """Process ids of the km sync that ship journals below the folder."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"km", b"sync"] and any(
                w.startswith(os.path.realpath(folder).encode())
                for w in words[2:]):
            found.append(int(path.split("/")[2]))
    return found


def wait_until(true, seconds=30):
    """Waits for a condition; asserts that it comes true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


class Peer(threading.Thread):
    """A TCP server on a port of its own; `handle(connection)` per client."""

    def __init__(self, handle):
        super().__init__(daemon=True)
        self.handle = handle
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = "http://" + self.host

    def run(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,),
                             daemon=True).start()

    def serve(self, client):
        """One client, whatever becomes of it."""
        try:
            with client:
                self.handle(client)
        except OSError:
            pass

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.socket.close()


class Proxy(Peer):
    """Passes on to ports in turn; drops a reply when `drop()` says so."""

    def __init__(self, ports, drop=lambda: False):
        super().__init__(self.pass_on)
        self.ports, self.drop, self.turn = ports, drop, 0
        self.dropped = 0

    def pass_on(self, client):
        """Until one side ends, or a reply is dropped."""
        self.turn += 1
        port = self.ports[self.turn % len(self.ports)]
        with socket.create_connection(("127.0.0.1", port)) as server:
            gone = threading.Event()

            def forward():
                try:
                    while True:
                        piece = client.recv(1 << 20)
                        if not piece:
                            break
                        server.sendall(piece)
                except OSError:
                    pass
                gone.set()
                try:
                    server.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            threading.Thread(target=forward, daemon=True).start()
            while True:
                piece = server.recv(1 << 20)
                if not piece:
                    return
                if self.drop():
                    self.dropped += 1
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(piece)


def answer(bytes_):
    """A handler that reads a request's head and answers these bytes."""
    def handle(client):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return
            head += piece
        client.sendall(bytes_)
    return handle
