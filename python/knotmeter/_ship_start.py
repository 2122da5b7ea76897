"""_ship_start.py - starts the shipper beside a run, when nothing else ships it.

With `km` at hand the client library starts `km sync` itself. Without it the
package's own shipper runs as a process of its own: python -m knotmeter.ship.
"""
# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Optional

from . import _core
from ._texts import say

if TYPE_CHECKING:
    from ._run import Run


class Shipper:
    """A process that is told to end by the journal's end."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def wait(self, seconds: float) -> None:
        """At most so long; what is not shipped stays on disk."""
        until = time.monotonic() + max(0.0, float(seconds))
        while self.process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        if self.process.poll() is None:
            say("the server does not have everything yet: the rest is shipped "
                "by a process of its own, or by `km sync`", once="unshipped")
            self.process.returncode = 0  # it is left alone, without a warning


def start(run: "Run") -> Optional[Shipper]:
    """None where there is no server, or `km sync` does it."""
    if not run.url:
        return None
    km = os.environ.get("KNOTMETER_KM") or shutil.which("km")
    if _core.SHIPS and km:
        return None
    try:
        words = [sys.executable, "-m", "knotmeter.ship", run.folder, "--url",
                 run.url, "--pid", str(os.getpid())]
        path = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(
            p for p in (path, os.environ.get("PYTHONPATH")) if p)}
        return Shipper(subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, close_fds=True,
            env=env))
    except Exception as error:
        say(f"no shipper could be started ({error}): the run stays on disk "
            "until `km sync`", once="shipper")
        return None
