"""test_run.py - km run: a command runs as it would alone, and is recorded."""
# SPDX-License-Identifier: Apache-2.0
import fcntl
import hashlib
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from shared import KM, km, run

LOSS = ("import sys, time\n"
        "for i in range(1, 41):\n"
        "    print(f'step:{i}/40 train_loss:{1 + 2 / i:.4f} lr:3e-4',"
        " flush=True)\n"
        "    time.sleep(float(sys.argv[1]))\n")


class Place:
    """A folder to run in, with a store and a clean environment."""

    def __init__(self):
        self.temp = tempfile.TemporaryDirectory()
        self.path = self.temp.name
        self.store = os.path.join(self.path, "store")
        self.env = {k: v for k, v in os.environ.items()
                    if not k.startswith("KNOTMETER")}
        self.env["KNOTMETER_STORE"] = self.store

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.temp.cleanup()

    def command(self, *words):
        """The words of km run."""
        return [KM, "run", *words]

    def run(self, *words, **more):
        """Runs to the end."""
        return subprocess.run(self.command(*words), cwd=self.path,
                              env=self.env, capture_output=True, check=False,
                              timeout=120, **more)

    def start(self, *words, **more):
        """Starts it."""
        return subprocess.Popen(self.command(*words), cwd=self.path,
                                env=self.env, **more)

    def metrics(self):
        """Points by metric."""
        code, out, _ = km("metrics", "--store", self.store, "--json")
        rows = [json.loads(x) for x in out.splitlines()] if code == 0 else []
        return {r["metric"]: r["n"] for r in rows}

    def runs(self):
        """Rows of km runs."""
        code, out, _ = km("runs", "--store", self.store, "--json")
        return [json.loads(x) for x in out.splitlines()] if code == 0 else []


def wait_until(true, seconds=30):
    """Waits for a condition."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)


def statuses():
    """exit statuses and signals pass through exactly; 127, 126 as in shells"""
    with Place() as place:
        for status in (0, 1, 2, 7, 126, 255):
            done = place.run("-q", "--", "sh", "-c", f"exit {status}")
            assert done.returncode == status, (status, done)
            assert done.stderr == b"", done.stderr
        for number in (signal.SIGTERM, signal.SIGSEGV, signal.SIGKILL,
                       signal.SIGINT):
            done = place.run("-q", "sh", "-c", f"kill -{int(number)} $$")
            assert done.returncode == -number, (number, done.returncode)
        done = place.run("no-such-command", "--flag")
        assert done.returncode == 127, done
        assert done.stderr == (b"km run: there is no command "
                               b"no-such-command\n"), done.stderr
        assert place.run("--", "/dev/null").returncode == 126
        assert place.run("--pattern", "(", "true").returncode == 2
        assert place.run().returncode == 2


def bytes_pass():
    """what is printed passes unchanged, each stream by itself"""
    code = ("import os, sys\n"
            "b = os.urandom(1 << 20)\n"
            "import hashlib\n"
            "open('a', 'wb').write(b)\n"
            "sys.stdout.buffer.write(b)\n"
            "sys.stderr.buffer.write(b[::-1])\n")
    with Place() as place:
        done = place.run("-q", "--no-output", sys.executable, "-c", code)
        with open(os.path.join(place.path, "a"), "rb") as file:
            sent = file.read()
        assert hashlib.sha256(done.stdout).digest() == \
            hashlib.sha256(sent).digest()
        assert done.stderr == sent[::-1]
        # to one place, their order stays
        code = ("import os\n"
                "for i in range(2000):\n"
                "    os.write(1 + i % 2, b'%d\\n' % i)\n")
        done = subprocess.run(place.command("-q", sys.executable, "-c", code),
                              cwd=place.path, env=place.env,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        assert done.stdout == b"".join(b"%d\n" % i for i in range(2000))
        done = place.run("-q", "cat", input=sent)
        assert done.stdout == sent


def in_terminal(place, code, keys=(), size=(33, 77)):
    """Runs Python code by km run in a terminal; what the terminal saw."""
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(place.path)
        words = place.command("-q", sys.executable, "-c", code)
        os.execve(KM, words, place.env)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    seen = b""
    keys = list(keys)
    while True:
        if keys and keys[0][0] in seen:
            _, action = keys.pop(0)
            if callable(action):
                action(fd, pid)
            else:
                os.write(fd, action)
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return status, seen


def terminal():
    """in a terminal it is in one: size, colours, input, Ctrl-C once"""
    code = ("import os, signal, sys, time\n"
            "got = []\n"
            "signal.signal(signal.SIGINT, lambda *a: got.append('int'))\n"
            "signal.signal(signal.SIGWINCH, lambda *a: got.append('winch'))\n"
            "print([os.isatty(i) for i in range(3)])\n"
            "print('ready', flush=True)\n"
            "line = input()\n"
            "size = os.get_terminal_size()\n"
            "print('line', line, size.lines, size.columns, flush=True)\n"
            "end = time.time() + 20\n"
            "while 'int' not in got and time.time() < end: time.sleep(.01)\n"
            "print('interrupted', got.count('int'), flush=True)\n"
            "while 'winch' not in got and time.time() < end: "
            "time.sleep(.01)\n"
            "time.sleep(.2)\n"
            "print('now', os.get_terminal_size().columns, flush=True)\n"
            "sys.exit(5)\n")

    def resize(fd, _):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 99, 0, 0))

    with Place() as place:
        status, seen = in_terminal(
            place, code, [(b"ready", b"hello\n"), (b"33 77", b"\x03"),
                          (b"interrupted", resize)])
        assert os.WEXITSTATUS(status) == 5, (status, seen)
        assert b"[True, True, True]" in seen, seen
        assert b"line hello 33 77" in seen, seen
        assert b"interrupted 1\r\n" in seen, seen
        assert b"now 99" in seen, seen


def recorded():
    """lines become points while it runs; settings, use and end are kept"""
    with Place() as place:
        with place.start("--project", "lab", "--name", "first", "--every",
                         "0.2", sys.executable, "-c", LOSS, "0.1",
                         stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE) as child:
            wait_until(lambda: place.metrics().get("train_loss", 0) > 2)
            assert child.poll() is None, "it is in the store while it runs"
            assert place.runs()[0]["state"] == "running", place.runs()
            said = child.communicate(timeout=60)[1].decode()
        assert child.returncode == 0
        assert "80 points in 40 lines; km report 'lab/first'" in said, said
        found = place.metrics()
        assert found["train_loss"] == 40 and found["lr"] == 40, found
        assert found["system/memory_bytes"] > 5, found
        row = place.runs()[0]
        assert row["state"] == "finished" and row["run"] == "lab/first", row
        code, out, _ = km("export", "lab/first", "--store", place.store)
        assert code == 0 and "step:" not in out
        _, out, _ = km("runs", "--store", place.store, "--settings", "--json")
        assert "planned_steps" in out, out


def ends():
    """a failed and a killed command are failed and killed runs"""
    with Place() as place:
        place.run("-q", "--name", "bad", "sh", "-c", "exit 3")
        with place.start("-q", "--name", "gone", "sleep", "60") as child:
            wait_until(lambda: any(r["run"].endswith("/gone")
                                   for r in place.runs()))
            child.send_signal(signal.SIGTERM)
            assert child.wait(30) == -signal.SIGTERM
        states = {r["run"].split("/")[1]: r["state"] for r in place.runs()}
        assert states == {"bad": "failed", "gone": "killed"}, states


def signals_pass():
    """a signal that is sent to km run reaches the command, which answers"""
    code = ("import signal, sys, time\n"
            "signal.signal(signal.SIGUSR1, lambda *a: print('one', "
            "flush=True))\n"
            "signal.signal(signal.SIGTERM, lambda *a: sys.exit(9))\n"
            "print('ready', flush=True)\n"
            "while True: time.sleep(.05)\n")
    with Place() as place:
        with place.start("-q", sys.executable, "-c", code,
                         stdout=subprocess.PIPE) as child:
            assert child.stdout.readline() == b"ready\n"
            child.send_signal(signal.SIGUSR1)
            assert child.stdout.readline() == b"one\n"
            child.send_signal(signal.SIGTERM)
            assert child.wait(30) == 9


def reader_leaves():
    """when who reads goes away the command learns of it"""
    with Place() as place:
        with place.start("-q", "yes", stdout=subprocess.PIPE) as child:
            assert child.stdout.read(4) == b"y\ny\n"
            child.stdout.close()
            assert child.wait(30) == -signal.SIGPIPE


def daemon_stays():
    """a process that is left behind with the output does not hold it up"""
    with Place() as place:
        begun = time.monotonic()
        done = place.run("-q", "sh", "-c", "sleep 20 & echo done")
        assert done.stdout == b"done\n" and done.returncode == 0
        assert time.monotonic() - begun < 15


def library_joins():
    """a command that uses the client library is the same run"""
    recorder = os.path.join(os.path.dirname(KM), "examples", "minimal")
    with Place() as place:
        done = place.run("-q", "--project", "lab", recorder)
        assert done.returncode == 0, done
        rows = place.runs()
        assert len(rows) == 1, rows
        assert rows[0]["project"] == "lab" and rows[0]["points"] > 10, rows


def watched():
    """logs that appear in a folder belong to the run"""
    code = ("import os, time\n"
            "os.makedirs('out'); time.sleep(.3)\n"
            "open('out/progress.csv', 'w').write("
            "'step,loss\\n' + ''.join(f'{i},{9 / i}\\n' "
            "for i in range(1, 51)))\n")
    with Place() as place:
        done = place.run("-q", "--watch", "out", sys.executable, "-c", code)
        assert done.returncode == 0, done
        rows = place.runs()
        assert len(rows) == 1, rows
        assert place.metrics()["loss"] == 50, place.metrics()


def nothing_kept():
    """neither a bad store nor a bad folder keeps the command from running"""
    with Place() as place:
        with open(place.store, "w", encoding="utf-8") as file:
            file.write("not a folder")
        done = place.run(sys.executable, "-c", LOSS, "0")
        assert done.returncode == 0 and done.stdout.count(b"\n") == 40
        assert b"only the journal is written" in done.stderr, done.stderr
    with Place() as place:
        with open(os.path.join(place.path, "f"), "w", encoding="utf-8"):
            pass
        done = place.run("--dir", "f/no", "sh", "-c", "echo out; exit 4")
        assert done.returncode == 4 and done.stdout == b"out\n", done
        assert b"f/no" in done.stderr, done.stderr


def followers(place):
    """Processes that work with the store of the place."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if b"import" in words and place.store.encode() in words:
            found.append(pid)
    return found


def killed():
    """kill -9 of km run: what was read until then can be imported"""
    with Place() as place:
        with place.start("-q", sys.executable, "-c", LOSS, "0.05",
                         stdout=subprocess.DEVNULL) as child:
            wait_until(lambda: place.metrics().get("train_loss", 0) > 5)
            helpers = followers(place)
            assert helpers, "an import goes along"
            child.kill()
            child.wait()
        wait_until(lambda: not followers(place))
        code, _, err = km("import", os.path.join(place.path, "knotmeter"),
                          "--store", place.store)
        assert code == 0, err
        assert place.metrics()["train_loss"] > 5


def import_waits():
    """km import --follow waits for a folder that is not there yet"""
    with Place() as place:
        logs = os.path.join(place.path, "later")
        with subprocess.Popen([KM, "import", logs, "--follow", "-q"],
                              env=place.env) as child:
            time.sleep(0.3)
            assert child.poll() is None
            os.mkdir(logs)
            with open(os.path.join(logs, "a.csv"), "w",
                      encoding="utf-8") as file:
                file.write("step,loss\n1,2\n2,1\n")
            wait_until(lambda: place.metrics().get("loss", 0) == 2)
            child.send_signal(signal.SIGINT)
            assert child.wait(10) in (0, 130)


run(statuses, bytes_pass, terminal, recorded, ends, signals_pass,
    reader_leaves, daemon_stays, library_joins, watched, nothing_kept, killed,
    import_waits)
