"""_verdicts.py - the look-out behind km.should_stop(): it asks, others read.

A thread looks for a file named `stop` beside the run's journals, and asks the
server for the verdicts on the run. The training reads one attribute.
"""
# SPDX-License-Identifier: Apache-2.0
import os
import random
import threading
import weakref
from typing import TYPE_CHECKING, Any, Optional, Tuple

from .query import Client

if TYPE_CHECKING:
    from ._run import Run

DEFAULT = ("nonfinite", "diverged")
FILE_SECONDS = 1.0
ASK_SECONDS = 30.0


class LookOut:
    """`found`: why to stop, or None."""

    def __init__(self, run: "Run", wanted: Any) -> None:
        names = DEFAULT if wanted is True else (
            (wanted,) if isinstance(wanted, str) else tuple(wanted))
        self.verdicts: "Tuple[str, ...]" = tuple(
            str(n).replace("verdict.", "") for n in names)
        self.found: Optional[str] = None
        self._run = weakref.ref(run)
        self._key, self._url = run.id, run.url
        self._file = os.path.join(os.path.dirname(run.folder), "stop")
        self._id: Optional[str] = None
        self._end = threading.Event()
        self._ask_seconds = float(os.environ.get("KNOTMETER_ASK_SECONDS",
                                                 ASK_SECONDS))
        threading.Thread(target=self._work, daemon=True,
                         name="knotmeter-stop").start()

    def stop(self) -> None:
        """It ends by itself."""
        self._end.set()

    def _ask(self) -> Optional[str]:
        """The first wanted verdict that the server says has fired."""
        client = Client(self._url, timeout=5)
        if self._id is None:
            for row in client.runs(contains=self._key):
                if row.get("external_id") == self._key:
                    self._id = row["id"]
                    break
        if self._id is None:
            return None
        card = client.scorecard(self._id)
        for name, verdict in card.verdicts.items():
            if name in self.verdicts:
                return f"verdict {name} at step {verdict['value']:g}"
        return None

    def _work(self) -> None:
        since = self._ask_seconds
        while not self._end.wait(FILE_SECONDS if self._ask_seconds > 1
                                 else self._ask_seconds):
            if self._run() is None or self.found:
                return
            try:
                if os.path.exists(self._file):
                    self.found = f"{self._file} is there"
                    return
                since += FILE_SECONDS
                if self._url and since >= self._ask_seconds:
                    since = random.uniform(0, 0.1) * self._ask_seconds
                    self.found = self._ask()
            except Exception:  # a server that is away stops no training
                pass

