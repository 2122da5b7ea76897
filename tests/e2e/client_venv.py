"""client_venv.py - virtual environments with stock clients, made once and kept.

They stand in $XDG_CACHE_HOME/knotmeter-tests (~/.cache/...). Where packages
cannot be had, the tests that want them are skipped and say so.
"""
# SPDX-License-Identifier: Apache-2.0
import fcntl
import os
import subprocess
import sys

from shared import Skip

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or
                     os.path.expanduser("~/.cache"), "knotmeter-tests")


def python_with(name, *packages):
    """The interpreter of an environment that has these packages."""
    home = os.path.join(CACHE, name)
    python = os.path.join(home, "bin", "python")
    ready = os.path.join(home, ".ready")
    wanted = "\n".join(packages) + "\n"
    os.makedirs(CACHE, exist_ok=True)
    with open(home + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(ready):
            with open(ready, encoding="utf-8") as file:
                if file.read() == wanted:
                    return python
        for words in ([sys.executable, "-m", "venv", home],
                      [python, "-m", "pip", "install", "-q", *packages]):
            made = subprocess.run(words, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True,
                                  check=False)
            if made.returncode:
                line = (made.stdout.strip().splitlines() or ["?"])[-1]
                raise Skip(f"{', '.join(packages)} cannot be had: {line}")
        with open(ready, "w", encoding="utf-8") as file:
            file.write(wanted)
    return python
