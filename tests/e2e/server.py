"""server.py - a real `km serve` for tests, and requests to it."""
# SPDX-License-Identifier: Apache-2.0
import http.client
import json
import os
import signal
import socket
import subprocess

from shared import KM


class Server:
    """km serve on a free port; use with `with`. token: the admin's."""

    def __init__(self, store, *words):
        self.store = store
        self.words = words
        self.process = None
        self.port = self.port_wanted = 0

    def start(self):
        """Starts it (again) and waits for its address."""
        self.process = subprocess.Popen(
            [KM, "serve", "--store", self.store, "--port",
             str(self.port_wanted), "--quiet",
             *self.words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)
        line = self.process.stdout.readline()
        assert line.startswith("http://"), (line, self.process.stderr.read())
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def stop(self, how=signal.SIGTERM):
        """Its exit status."""
        if self.process is None:
            return None
        self.process.send_signal(how)
        status = self.process.wait(30)
        self.process.stdout.close()
        self.process.stderr.close()
        self.process = None
        return status

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    @property
    def token(self):
        """Of the first line of the token file that names one."""
        with open(os.path.join(self.store, "tokens"), encoding="utf-8") as f:
            rows = [line.split() for line in f if line[:1] not in "#\n"]
        return next(row[2] for row in rows if row[0] == "admin")

    def ask(self, path, method="GET", body=None, token=None, **headers):
        """(status, headers, JSON or text)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.port,
                                                timeout=60)
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        if token:
            named["Authorization"] = "Bearer " + token
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        kind = answer.headers.get("Content-Type", "")
        value = json.loads(text) if text and "json" in kind else text
        return answer.status, answer.headers, value

    def raw(self, data, timeout=60):
        """What comes back for these bytes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port),
                                      timeout=timeout) as s:
            s.sendall(data)
            back = b""
            while True:
                piece = s.recv(65536)
                if not piece:
                    return back
                back += piece


def segments(folder):
    """The bytes of each segment of a journal's folder, in order."""
    names = sorted(n for n in os.listdir(folder) if n.endswith(".kmj"))
    assert names == [f"{i:06}.kmj" for i in range(len(names))], names
    found = []
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            found.append(file.read())
    return found
