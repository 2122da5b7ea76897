"""ship.py - sends a journal to a server, from docs/protocol.md alone.

    python -m knotmeter.ship FOLDER --url URL [--pid PID] [--seconds N]

FOLDER is one writer's journal. The server says where it stands; bytes from there
are sent, up to the last published slot, until the writer has ended and
everything has arrived. A refusal ends it, silence makes it wait: 1 s doubling to
60 s, with jitter. It runs as a process of its own, on the standard library, and
the training knows nothing of it. The token is $KNOTMETER_TOKEN, or in the file
$KNOTMETER_TOKEN_FILE.
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import http.client
import json
import os
import random
import struct
import sys
import time
import urllib.parse
import zlib
from typing import Any, Dict, Optional, Tuple

from .query import token

HEADER_BYTES, SLOT_BYTES = 128, 32
RANGE_BYTES = 4 * 1024 * 1024
IDLE_SECONDS = 0.5
WAIT_FIRST, WAIT_LAST = 1.0, 60.0
ANSWER_BYTES_MAX = 1024 * 1024
MAGIC = b"\x89KMJ\r\n\x1a\n"
AGAIN = (408, 425, 429, 500, 502, 503, 504, 507)


class Refused(Exception):
    """The server will not take this; asking again is of no use."""


class Away(Exception):
    """Nobody answers, or later: `seconds` when the server said so."""

    def __init__(self, why: str, seconds: Optional[float] = None) -> None:
        super().__init__(why)
        self.seconds = seconds


def published_end(path: str, start: int) -> int:
    """Behind the last published slot at or after `start` (an offset)."""
    size = os.path.getsize(path)
    end = HEADER_BYTES + (size - HEADER_BYTES) // SLOT_BYTES * SLOT_BYTES
    if end <= HEADER_BYTES:
        return 0
    with open(path, "rb") as file:
        while end > max(start, HEADER_BYTES):
            at = max(HEADER_BYTES, end - 65536)
            file.seek(at)
            block = file.read(end - at)
            for slot in range((end - at) // SLOT_BYTES - 1, -1, -1):
                if struct.unpack_from("<Q", block, slot * SLOT_BYTES)[0]:
                    return at + (slot + 1) * SLOT_BYTES
            end = at
    return HEADER_BYTES if start <= HEADER_BYTES else start


class Server:
    """One server, one journal, one connection that is kept."""

    def __init__(self, url: str, writer: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused(f"expected http://HOST[:PORT], not {url!r}")
        self.parts, self.writer = parts, writer
        self.connection: Optional[http.client.HTTPConnection] = None

    def ask(self, method: str, path: str, body: Optional[bytes] = None
            ) -> "Tuple[int, Dict[str, Any]]":
        """(status, JSON). Raises Away when there is no answer."""
        headers = {"Accept": "application/json"}
        secret = token()
        if secret:
            headers["Authorization"] = "Bearer " + secret
        if body is not None:
            headers["Content-Type"] = "application/octet-stream"
            packed = zlib.compressobj(1, zlib.DEFLATED, 31)
            body = packed.compress(body) + packed.flush()
            headers["Content-Encoding"] = "gzip"
        try:
            if self.connection is None:
                kind = (http.client.HTTPSConnection
                        if self.parts.scheme == "https"
                        else http.client.HTTPConnection)
                self.connection = kind(str(self.parts.hostname),
                                       self.parts.port, timeout=30)
            self.connection.request(
                method, self.parts.path.rstrip("/") + path, body, headers)
            answer = self.connection.getresponse()
            data = answer.read(ANSWER_BYTES_MAX)
            after = answer.headers.get("Retry-After")
            status = answer.status
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Away(str(error) or type(error).__name__) from None
        if status in AGAIN:
            self.close()
            raise Away(f"status {status}", float(after)
                       if after and after.isdigit() else None)
        try:
            found = json.loads(data)
        except ValueError:
            self.close()
            raise Away(f"status {status} and no JSON") from None
        return status, found if isinstance(found, dict) else {}

    def close(self) -> None:
        """The next request opens a connection again."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def place(self, status: int, found: "Dict[str, Any]") -> "Tuple[int, int]":
        """Where the next range begins, from an answer."""
        if status in (200, 409) and isinstance(found.get("segment"), int) \
                and isinstance(found.get("offset"), int):
            return found["segment"], found["offset"]
        why = found.get("error")
        raise Refused(f"status {status}: "
                      f"{why.get('message') if isinstance(why, dict) else why}")

    def where(self) -> "Tuple[int, int]":
        """Where the store stands."""
        status, found = self.ask("GET", f"/api/v1/journals/{self.writer}")
        return (0, 0) if status == 404 else self.place(status, found)

    def send(self, segment: int, offset: int, data: bytes
             ) -> "Tuple[int, int]":
        """Sends a range; the place that the server has then."""
        return self.place(*self.ask(
            "POST", f"/api/v1/journals/{self.writer}/{segment}"
            f"?offset={offset}", data))


class Shipper:
    """One journal on its way."""

    def __init__(self, folder: str, url: str, pid: int) -> None:
        self.folder, self.pid = folder, pid
        self.server = Server(url, os.path.basename(folder.rstrip("/")))
        self.at: Optional[Tuple[int, int]] = None
        self.started = self._start_of(pid)

    @staticmethod
    def _start_of(pid: int) -> Optional[str]:
        """Tells a process from a later one of the same number."""
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii",
                      errors="replace") as file:
                words = file.read().rpartition(")")[2].split()
            return None if words[0] in "ZX" else words[19]
        except (OSError, IndexError):
            return None

    def path(self, segment: int) -> str:
        """Of a segment."""
        return os.path.join(self.folder, f"{segment:06}.kmj")

    def writer_ended(self) -> bool:
        """The process is gone, or the last segment was cut at its end."""
        if not self.pid or self.started is None or \
                self._start_of(self.pid) != self.started:
            return True
        segment, last = 0, ""
        while os.path.exists(self.path(segment)):
            last, segment = self.path(segment), segment + 1
        if not last:
            return not os.path.isdir(self.folder)
        with open(last, "rb") as file:
            head = file.read(HEADER_BYTES)
        return (len(head) == HEADER_BYTES and head[:8] == MAGIC and
                struct.unpack_from("<Q", head, 16)[0] != os.path.getsize(last))

    def step(self) -> bool:
        """Sends one range. False: nothing to send now."""
        if self.at is None:
            self.at = self.server.where()
        segment, offset = self.at
        path = self.path(segment)
        if not os.path.exists(path):
            return False
        follows = os.path.exists(self.path(segment + 1))
        end = published_end(path, offset)
        if offset >= end:
            if not follows or published_end(self.path(segment + 1), 0) <= \
                    HEADER_BYTES:
                return False
            segment, offset, path = segment + 1, 0, self.path(segment + 1)
            end = published_end(path, 0)
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read(min(end - offset, RANGE_BYTES))
        before = self.at
        self.at = self.server.send(segment, offset, data)
        return self.at != before

    def run(self, until: float) -> int:
        """0 everything has arrived, 1 refused, 2 out of time."""
        wait = WAIT_FIRST
        while time.monotonic() < until:
            pause = IDLE_SECONDS
            try:
                ended = self.writer_ended()
                if self.step():
                    wait = WAIT_FIRST
                    continue
                if ended:
                    return 0
            except Refused as why:
                print(f"knotmeter: the server refuses: {why}", file=sys.stderr)
                return 1
            except Away as why:
                pause = max(why.seconds or 0, random.uniform(0.5, 1) * wait)
                wait = min(WAIT_LAST, wait * 2)
                self.at = None
            time.sleep(max(0, min(pause, until - time.monotonic())))
        return 2


def main() -> int:
    """Reads the words, ships, tells how it went by the exit status."""
    words = argparse.ArgumentParser(prog="python -m knotmeter.ship")
    words.add_argument("folder")
    words.add_argument("--url", required=True)
    words.add_argument("--pid", type=int, default=0)
    words.add_argument("--seconds", type=float, default=24 * 3600.0,
                       help="give up after so long; what is left stays on disk")
    given = words.parse_args()
    try:
        os.nice(10)
        shipper = Shipper(given.folder, given.url, given.pid)
        return shipper.run(time.monotonic() + given.seconds)
    except (Refused, OSError) as error:
        print(f"knotmeter: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
