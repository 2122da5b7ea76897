"""shared.py - where tests find the program and the shared data, and TAP lines.

    KM      the program under test (default: build/km)
    ROOT    the source tree
    SHARED  ../shared beside it ($KM_SHARED), or None when it is not there
"""
# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
import traceback

ROOT = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", ".."))
KM = os.path.abspath(os.environ.get("KM", os.path.join(ROOT, "build", "km")))
_shared = os.environ.get("KM_SHARED", os.path.join(ROOT, "..", "shared"))
SHARED = os.path.normpath(_shared) if os.path.isdir(_shared) else None


class Skip(Exception):
    """A test that cannot run here; its text says why."""


def km(*words, **options):
    """Runs the program; returns (exit status, stdout, stderr)."""
    env = {**os.environ, "NO_COLOR": "1", **options.pop("env", {})}
    done = subprocess.run([KM, *map(str, words)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, env=env,
                          errors="surrogateescape", check=False, **options)
    return done.returncode, done.stdout, done.stderr


def need_shared(*parts):
    """Path below the shared data; skips the test where it is absent."""
    if SHARED is None:
        raise Skip("../shared is not here")
    path = os.path.join(SHARED, *parts)
    if not os.path.exists(path):
        raise Skip(f"../shared/{'/'.join(parts)} is not here")
    return path


def run(*tests):
    """Runs test functions, prints TAP, exits. Their docstrings are the names."""
    failed = 0
    for number, test in enumerate(tests, 1):
        name = (test.__doc__ or test.__name__).strip().splitlines()[0]
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            print(f"not ok {number} - {name}", flush=True)
    print(f"1..{len(tests)}")
    sys.exit(1 if failed else 0)
