"""package.py - the Python package as users install it, and scripts run in it.

light()    a venv in the build folder with `pip install ./python` in it
heavy()    the libraries of the integrations: one venv in the user's cache, made
           by `make thorough` (it takes minutes), used by every run after it
"""
# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from shared import KM, ROOT, Skip, km  # noqa: E402

BUILD = os.path.dirname(KM)
VENV = os.path.join(BUILD, "python-venv")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME")
                     or os.path.expanduser("~/.cache"), "knotmeter-tests")
LIBRARIES = ["torch==2.13.0", "numpy", "pandas", "transformers", "accelerate",
             "lightning", "keras", "mypy", "ruff"]
HEAVY = os.path.join(CACHE, "python-libraries-1")


def _hash():
    """Of everything that the package is made from."""
    found = hashlib.sha256(sys.version.encode())
    for top in ("python/knotmeter", "python/src", "client", "include",
                "src/journal", "src/base"):
        folder = os.path.join(ROOT, top)
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not name.endswith(".pyc"):
                with open(path, "rb") as file:
                    found.update(name.encode() + file.read())
    for name in ("setup.py", "pyproject.toml"):
        with open(os.path.join(ROOT, "python", name), "rb") as file:
            found.update(file.read())
    return found.hexdigest()


def _run(words, seconds):
    """Its output; Skip when it cannot be done here."""
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True,
                              timeout=seconds, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Skip(f"{words[0]}: {error}") from None
    return done.returncode, done.stdout


def light():
    """The interpreter of a venv in which the package is installed."""
    mark, want = os.path.join(VENV, "installed"), _hash()
    python = os.path.join(VENV, "bin", "python")
    if os.path.exists(mark):
        with open(mark, encoding="utf-8") as file:
            if file.read() == want:
                return python
    if not os.path.exists(python):
        status, out = _run([sys.executable, "-m", "venv", VENV], 120)
        if status:
            raise Skip("no venv can be made: " + out.strip()[-200:])
    status, out = _run([python, "-m", "pip", "install", "--no-deps",
                        "--force-reinstall",
                        os.path.join(ROOT, "python")], 300)
    if status and "setuptools" in out and "No matching" in out:
        raise Skip("pip cannot reach its index for setuptools")
    assert status == 0, out[-2000:]
    with open(mark, "w", encoding="utf-8") as file:
        file.write(want)
    return python


def heavy():
    """The interpreter with the libraries, or a reason to skip."""
    light()
    python = os.path.join(HEAVY, "bin", "python")
    if not os.path.exists(os.path.join(HEAVY, "installed")):
        if not os.environ.get("KM_THOROUGH"):
            raise Skip("torch, transformers, lightning, keras, accelerate are "
                       "installed by `make thorough`, once")
        _run([sys.executable, "-m", "venv", HEAVY], 120)
        status, out = _run([python, "-m", "pip", "install", "-q", *LIBRARIES],
                           3600)
        if status:
            raise Skip("pip cannot install the libraries: "
                       + out.strip()[-200:])
        with open(os.path.join(HEAVY, "installed"), "w",
                  encoding="utf-8") as file:
            file.write("\n".join(LIBRARIES))
    return python


def script(text, folder, *words, python=None, status=0, seconds=120, **env):
    """Runs a script in a folder of its own; its (stdout, stderr)."""
    path = os.path.join(folder, "script.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    site = subprocess.run([light(), "-c", "import knotmeter, os; print("
                           "os.path.dirname(knotmeter.__path__[0]))"],
                          stdout=subprocess.PIPE, text=True, check=True)
    full = {**{k: v for k, v in os.environ.items()
               if not k.startswith("KNOTMETER_")},
            "KNOTMETER_DIR": os.path.join(folder, "journal"),
            "KNOTMETER_SYSTEM": "0", "HF_HUB_OFFLINE": "1",
            "KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": "",
            "KNOTMETER_KM": KM, "OMP_NUM_THREADS": "1", **env}
    if python:
        full["PYTHONPATH"] = site.stdout.strip()
    done = subprocess.run([python or light(), path, *words], cwd=folder,
                          env=full, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=seconds,
                          check=False)
    assert done.returncode == status, (done.returncode, done.stdout[-800:],
                                       done.stderr[-2500:])
    return done.stdout, done.stderr


def imported(folder):
    """Imports the folder's journals; a function that asks km for rows."""
    store = os.path.join(folder, "store")
    status, _, err = km("--store", store, "import",
                        os.path.join(folder, "journal"))
    assert status == 0, err

    def rows(*words):
        code, out, why = km("--store", store, *words, "--json")
        assert code == 0, why
        return [json.loads(line) for line in out.splitlines()]
    return rows


def points(folder):
    """{(metric, labels): [(step, value), ...]} of everything in it."""
    imported(folder)
    status, out, err = km("--store", os.path.join(folder, "store"), "export",
                          "--format", "jsonl")
    assert status == 0, err
    found = {}
    for line in out.splitlines():
        row = json.loads(line)
        value = row["value"]
        value = float(value.replace("Infinity", "inf")) if isinstance(
            value, str) else float(value)
        found.setdefault((row["metric"], row["labels"]), []).append(
            (row["step"], value))
    return found
