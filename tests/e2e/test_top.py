"""test_top.py - km top: the fleet in a real terminal, and printed once."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import shutil
import subprocess
import tempfile
import time

from shared import KM, Skip, km, run


def curve(path, last, scale=3.0, metric="train_loss"):
    """A table of a loss that falls; it may be written again, longer."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"step,{metric}\n")
        for step in range(1, last + 1):
            file.write(f"{step},{1 + scale * step ** -0.5:.6f}\n")


class Terminal:
    """km top in tmux."""

    count = 0

    def __init__(self, store, width=120, height=14, *words):
        if not shutil.which("tmux"):
            raise Skip("tmux is not installed")
        Terminal.count += 1
        self.name = f"km-top-{os.getpid()}-{Terminal.count}"
        command = " ".join([KM, "top", "--store", store, *words])
        subprocess.run(
            ["tmux", "-f", "/dev/null", "new-session", "-d", "-s", self.name,
             "-x", str(width), "-y", str(height),
             f"LC_ALL=C.UTF-8 {command}; echo status $?; sleep 30"],
            check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "kill-session", "-t", self.name], check=False)

    def screen(self):
        """Its lines."""
        out = subprocess.run(["tmux", "capture-pane", "-p", "-t", self.name],
                             stdout=subprocess.PIPE, check=True)
        return out.stdout.decode().rstrip("\n").split("\n")

    def keys(self, *keys):
        """Types."""
        subprocess.run(["tmux", "send-keys", "-t", self.name, *keys],
                       check=True)

    def wait(self, true, seconds=20):
        """Waits until the screen is as it should be; its lines."""
        end = time.monotonic() + seconds
        while True:
            lines = self.screen()
            if true(lines):
                return lines
            assert time.monotonic() < end, "\n".join(lines)
            time.sleep(0.1)

    def resize(self, width, height):
        """Another size."""
        subprocess.run(["tmux", "resize-window", "-t", self.name, "-x",
                        str(width), "-y", str(height)], check=True)


def has(*texts):
    """All texts are on the screen."""
    return lambda lines: all(any(t in x for x in lines) for t in texts)


def made(folder, runs):
    """A store of so many runs in project lab."""
    for i in range(runs):
        curve(os.path.join(folder, "lab", f"run-{i:03d}.csv"), 200 + i,
              3 + i / 10)
    store = os.path.join(folder, "store")
    code, _, err = km("import", os.path.join(folder, "lab"), "--store", store)
    assert code == 0, err
    return store


def once():
    """in a pipe the table is printed once; JSON has a row a run"""
    with tempfile.TemporaryDirectory() as folder:
        store = made(folder, 3)
        code, out, err = km("top", "--store", store)
        assert code == 0 and not err, err
        assert out.count("\n") == 4 and "lab/run-002" in out, out
        assert "nat/kstep" in out and "healthy" in out, out
        code, out, _ = km("top", "--store", store, "--json", "run-001")
        rows = [json.loads(x) for x in out.splitlines()]
        assert len(rows) == 1 and rows[0]["run"] == "lab/run-001", rows
        _, card, _ = km("report", "lab/run-001", "--store", store, "--json")
        figures = json.loads(card)["figures"]
        mine = next(f for f in figures if f["id"] == "learn.velocity" and
                    f["variant"] == "per step")
        assert rows[0]["velocity"]["value"] == mine["value"], mine
        code, out, _ = km("top", "--store", store, "nothing")
        assert code == 0 and out == "no runs\n"
        code, _, err = km("top", "--store", os.path.join(folder, "none"))
        assert code == 5, err


def keys():
    """choose, sort, search, read a report, end; the terminal is as before"""
    with tempfile.TemporaryDirectory() as folder:
        store = made(folder, 30)
        with Terminal(store) as top:
            lines = top.wait(has("30 runs", "healthy", "q quit"))
            assert len([x for x in lines if "lab/run-" in x]) == 10, lines
            top.keys("s")
            top.wait(has("by name"))
            top.keys("G")
            top.wait(lambda x: any("\u25b8" in y and "run-029" in y
                                   for y in x))
            top.keys("g")
            top.wait(lambda x: any("\u25b8" in y and "run-000" in y
                                   for y in x))
            top.keys("j")
            top.keys("Enter")
            lines = top.wait(has("learn.velocity"))
            assert lines[0].startswith("lab/run-001"), lines
            top.keys("Space")
            top.wait(lambda x: not x[0].startswith("lab/run-001"))
            top.keys("q")
            top.wait(has("30 runs"))
            top.keys("/", "0", "2", "7", "Enter")
            lines = top.wait(has("1 run,", "/027"))
            assert any("run-027" in x for x in lines)
            top.keys("Escape")
            top.wait(has("30 runs"))
            top.keys("s")
            top.wait(has("by velocity"))
            top.keys("r")
            top.wait(has("no such runs"))
            top.keys("r")
            top.wait(has("run-029"))
            top.keys("q")
            lines = top.wait(has("status 0"))
            assert not has("30 runs")(lines), "the screen before is back"


def live():
    """what is added is seen; a longer run is computed anew"""
    with tempfile.TemporaryDirectory() as folder:
        store = made(folder, 1)
        with Terminal(store, 120, 14, "--every", "0.2") as top:
            top.wait(has("1 run,", "healthy"))
            curve(os.path.join(folder, "lab", "run-000.csv"), 9999)
            curve(os.path.join(folder, "lab", "new.csv"), 50)
            code, _, err = km("import", os.path.join(folder, "lab"),
                              "--store", store)
            assert code == 0, err
            top.wait(has("2 runs", "lab/new", "9999"))


def sizes():
    """every size shows whole lines; the smallest ones too"""
    with tempfile.TemporaryDirectory() as folder:
        store = made(folder, 8)
        with Terminal(store, 200, 20) as top:
            top.wait(has("healthy", "verdict"))
            for width, height in ((160, 20), (100, 10), (70, 8), (40, 5),
                                  (20, 3), (200, 20)):
                top.resize(width, height)
                lines = top.wait(has("run-0"), 30)
                assert all(len(x) <= width for x in lines), lines
            top.keys("q")
            top.wait(has("status 0"))


def hostile():
    """names cannot reach the terminal with control sequences"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "lab", "x.jsonl")
        os.makedirs(os.path.dirname(path))
        with open(path, "w", encoding="utf-8") as file:
            for step in range(1, 60):
                file.write(json.dumps({"step": step, "loss": 3 / step,
                                       "\u202ename": 1}) + "\n")
        evil = os.path.join(folder, "lab", "\x1b]0;owned\x07\u202e.csv")
        curve(evil, 80)
        store = os.path.join(folder, "store")
        km("import", os.path.join(folder, "lab"), "--store", store)
        code, out, _ = km("top", "--store", store)
        assert code == 0 and "\x1b" not in out and "\u202e" not in out, out


run(once, keys, live, sizes, hostile)
