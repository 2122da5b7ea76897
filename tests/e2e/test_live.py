"""test_live.py - a training program whose journal is shipped while it runs."""
# SPDX-License-Identifier: Apache-2.0
import glob
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from server import Server
from shared import KM, Skip, km, run
from shipping import (Peer, RECORDER, answer, clean, count, points, record, shippers,
                      sync, wait_until)

KILLS = 200 if os.environ.get("KM_THOROUGH") else 10
DEAD = "http://127.0.0.1:1"


def live(server, **more):
    """The environment of a program that ships to the server."""
    return clean(KNOTMETER_URL=f"http://127.0.0.1:{server.port}",
                 KNOTMETER_TOKEN=server.token, **more)


def start(folder, env, run_id="r", **more):
    """The recorder, waiting for commands."""
    return subprocess.Popen([RECORDER, folder, "p", run_id, "0", "1"],
                            text=True, stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=env, **more)


def say(program, *lines, wait=True):
    """Commands; waits until they are done."""
    program.stdin.write("".join(x + "\n" for x in lines)
                        + ("done\n" if wait else ""))
    program.stdin.flush()
    if wait:
        assert program.stdout.readline() == "done\n"


def children(pid):
    """Ids of all processes whose parent is `pid`, zombies too."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                rest = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(rest[1]) == pid:
            found.append(int(path.split("/")[2]))
    return found


def a_program_is_live_and_leaves_nothing_behind():
    """points arrive while it runs; no child, no zombie, no fd; it ends whole"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        with Server(os.path.join(top, "s")) as server:
            program = start(folder, live(server))
            say(program, "many 0 1000 loss")
            wait_until(lambda: len(points(server.store)) == 1000)
            pid, = shippers(folder)
            assert children(program.pid) == [], children(program.pid)
            fds = os.listdir(f"/proc/{pid}/fd")
            paths = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in fds[:3]]
            assert paths == ["/dev/null"] * 3, paths
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                assert server.token.encode() not in file.read()
            assert os.getsid(pid) != os.getsid(program.pid)
            for at in range(1000, 100000, 9000):
                say(program, f"many {at} 9000 loss")
                time.sleep(0.02)
            out, err = program.communicate(timeout=60)
            assert program.returncode == 0 and err == "", err
            assert out == "dropped 0\n", out
            assert points(server.store) == list(range(100000))
            wait_until(lambda: not shippers(folder))


def no_signal_and_no_child_reach_the_program():
    """neither SIGCHLD nor wait() of the program learns of the shipper"""
    code = """
import ctypes, os, signal, sys, time
class Options(ctypes.Structure):
    _fields_ = [(n, ctypes.c_char_p) for n in
                "dir project id name group parent notes device".split()] + [
        ("rank", ctypes.c_int), ("world", ctypes.c_int),
        ("disk", ctypes.c_uint64), ("segment", ctypes.c_uint64),
        ("buffered", ctypes.c_int), ("patient", ctypes.c_int),
        ("quiet", ctypes.c_int), ("url", ctypes.c_char_p),
        ("wait", ctypes.c_int), ("keep", ctypes.c_int)]
seen = []
signal.signal(signal.SIGCHLD, lambda *_: seen.append(1))
km = ctypes.CDLL(sys.argv[1])
km.km_run_open.restype = ctypes.c_void_p
km.km_run_close.argtypes = [ctypes.c_void_p]
run = km.km_run_open(ctypes.byref(Options(dir=sys.argv[2].encode())))
for _ in range(20):
    time.sleep(0.05)
    try:
        print(os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        pass
km.km_run_close(run)
time.sleep(0.5)
try:
    print(os.waitpid(-1, 0))
except ChildProcessError:
    pass
print(seen)
"""
    library = os.path.join(os.path.dirname(KM), "client", "libknotmeter.so")
    with tempfile.TemporaryDirectory() as top:
        with Server(os.path.join(top, "s")) as server:
            done = subprocess.run(
                [sys.executable, "-c", code, library, os.path.join(top, "j")],
                env=live(server), capture_output=True, text=True, check=False)
            assert (done.returncode, done.stdout) == (0, "[]\n"), done


def forked_children_ship_their_own():
    """a forked child that logs has a shipper of its own"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        with Server(os.path.join(top, "s")) as server:
            program = start(folder, live(server))
            say(program, "many 0 100 loss", "fork 100 100 loss",
                "many 200 100 loss")
            out, err = program.communicate(timeout=60)
            assert program.returncode == 0 and err == "", (out, err)
            assert points(server.store) == list(range(300))


def what_cannot_be_shipped_is_kept_and_said():
    """no server, no km, a bad token, another's answers: once, and status 0"""
    html = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    with tempfile.TemporaryDirectory() as top, Peer(html) as peer, \
            Server(os.path.join(top, "s")) as server:
        here = f"http://127.0.0.1:{server.port}"
        rows = (
            ("down", {"KNOTMETER_URL": DEAD}, "cannot be reached"),
            ("no km", {"KNOTMETER_URL": here, "KNOTMETER_KM": "/none"},
             "km is not on PATH"),
            ("no token", {"KNOTMETER_URL": here}, "401"),
            ("foreign", {"KNOTMETER_URL": peer.url}, "no place"),
            ("nonsense", {"KNOTMETER_URL": "nonsense"}, "nonsense"),
        )
        for name, env, said in rows:
            folder = os.path.join(top, name)
            since = time.monotonic()
            done = record(folder, 100, env=clean(**env))
            took = time.monotonic() - since
            assert done.returncode == 0 and took < 8, (name, took, done)
            assert said in done.stderr, (name, done.stderr)
            assert done.stderr.count("\n") <= 2, (name, done.stderr)
            for pid in shippers(folder):
                os.kill(pid, signal.SIGTERM)
            status, _, err = sync(folder, here, server.token)
            assert status == 0, (name, err)
        assert len(points(server.store)) == 500


def a_disk_that_is_full_or_gone():
    """full, limited, unwritable, removed: its own exit, one sentence"""
    with tempfile.TemporaryDirectory() as top:
        with Server(os.path.join(top, "s")) as server:
            env = live(server)

            def limit():
                resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
            program = start(os.path.join(top, "a"), env, preexec_fn=limit)
            say(program, "many 0 1000 loss")
            _, err = program.communicate(timeout=60)
            assert program.returncode == 0 and err.count("\n") == 1, err
            blocked = os.path.join(top, "file")
            with open(blocked, "w", encoding="utf-8"):
                pass
            done = record(os.path.join(blocked, "j"), 100, env=env)
            assert done.returncode == 0, done
            assert done.stderr.count("\n") == 1 and "file" in done.stderr, done
            gone = os.path.join(top, "gone")
            program = start(gone, env)
            say(program, "many 0 1000 loss")
            shutil.rmtree(gone)
            say(program, "many 1000 200000 loss")
            _, err = program.communicate(timeout=60)
            assert program.returncode == 0 and 1 <= err.count("\n") <= 3, err
            small = os.path.join(top, "small")
            os.mkdir(small)
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m",
                               "none", small], check=False,
                              stderr=subprocess.DEVNULL).returncode:
                raise Skip("no tmpfs can be mounted: the rest was tried")
            try:
                program = start(small, env)
                say(program, "many 0 100000 loss")
                out, err = program.communicate(timeout=60)
                assert program.returncode == 0 and "dropped" in err, (out, err)
                wait_until(lambda: not shippers(small))
            finally:
                subprocess.run(["umount", "-l", small], check=True)


def a_server_that_is_away_for_a_while():
    """the program ends meanwhile; its shipper stays and delivers"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        with Server(os.path.join(top, "s")) as server:
            env, port = live(server), server.port
            server.stop()
            done = record(folder, 1000, env=env)
            assert done.returncode == 0, done
            assert "1000 points are not at" in done.stderr, done
            assert "still on their way" in done.stderr, done
            assert len(shippers(folder)) == 1
            server.port_wanted = port
            server.start()
            wait_until(lambda: len(points(server.store)) == 1000, 60)
            wait_until(lambda: not shippers(folder))


def a_budget_that_presses():
    """what the server has makes room: nothing dropped, the store has it all"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        with Server(os.path.join(top, "s")) as server:
            env = live(server, RECORDER_DISK=str(4 << 20),
                       RECORDER_SEGMENT=str(1 << 20))
            program, steps = start(folder, env), 0
            while steps < 600000:  # 19 MB
                say(program, f"many {steps} 20000 loss")
                steps += 20000
                wait_until(lambda at=steps: count(server.store) == at)
            out, err = program.communicate(timeout=60)
            assert program.returncode == 0 and err == "", err
            assert out == "dropped 0\n", out
            writer, = glob.glob(os.path.join(folder, "r", "*"))
            names = sorted(n for n in os.listdir(writer) if n.endswith(".kmj"))
            assert names[0] > "000010.kmj" and len(names) <= 5, names
            assert points(server.store) == list(range(steps))
            # what is left is a journal: again to the same store, to others
            assert km("import", folder, "--store", server.store, "-q")[0] == 0
            assert points(server.store) == list(range(steps))
            other = os.path.join(top, "other")
            code, _, err = km("import", folder, "--store", other, "-q")
            assert code == 0, err
            rest = points(other)
            assert rest and rest == list(range(rest[0], steps)), rest[:3]
            assert km("import", folder, "--store", other, "-q")[0] == 0
            assert points(other) == rest
            with Server(os.path.join(top, "third")) as third:
                status, _, err = sync(folder, f"http://127.0.0.1:{third.port}",
                                      third.token)
                assert status == 0 and points(third.store) == rest, err


def without_a_server_the_newest_is_dropped():
    """a full budget and no server: dropped, counted, said"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        program = start(folder, clean(KNOTMETER_URL=DEAD,
                                      RECORDER_DISK=str(2 << 20),
                                      RECORDER_SEGMENT=str(1 << 20)))
        say(program, "many 0 200000 loss")
        out, err = program.communicate(timeout=60)
        dropped = int(out.split()[1])
        assert program.returncode == 0 and dropped > 100000, out
        assert "no more room" in err or "dropped" in err, err
        for pid in shippers(folder):
            os.kill(pid, signal.SIGTERM)
        with Server(os.path.join(top, "s")) as server:
            assert sync(folder, f"http://127.0.0.1:{server.port}",
                        server.token)[0] == 0
            kept = points(server.store)
            assert len(kept) == len(set(kept)) == 200000 - dropped


def a_shipper_that_dies():
    """kill -9 of shippers: started again, a bounded number of times"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        with Server(os.path.join(top, "s")) as server:
            program = start(folder, live(server))
            say(program, "many 0 100 loss")
            wait_until(lambda: len(shippers(folder)) == 1)
            for pid in shippers(folder):
                os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not shippers(folder))
            wait_until(lambda: len(shippers(folder)) == 1)
            say(program, "many 100 100 loss")
            for pid in shippers(folder):
                os.kill(pid, signal.SIGKILL)
            out, err = program.communicate(timeout=60)
            assert program.returncode == 0 and err == "", err
            assert points(server.store) == list(range(200)), out
        for pid in shippers(folder):
            os.kill(pid, signal.SIGKILL)


def kills_at_random():
    """kill -9 of programs, shippers, servers that live together"""
    random.seed(5)
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        server = Server(os.path.join(top, "s")).start()
        env, port = live(server), server.port
        server.port_wanted = port
        at, kills = 0, {"program": 0, "shipper": 0, "server": 0}
        while min(kills.values()) < KILLS:
            program = start(folder, env, f"r{at}")
            say(program, f"many {at} 500 loss")
            at += 500
            for _ in range(2):
                time.sleep(random.random() * 0.1)
                victim = random.choice(list(kills))
                kills[victim] += 1
                if victim == "program":
                    program.kill()
                elif victim == "shipper":
                    for pid in shippers(folder):
                        os.kill(pid, signal.SIGKILL)
                else:
                    server.stop(signal.SIGKILL)
                    server.start()
            program.kill()
            program.communicate()
            stored = points(server.store)
            assert len(stored) == len(set(stored))
        print("#", kills)
        for pid in shippers(folder):
            os.kill(pid, signal.SIGKILL)
        assert sync(folder, f"http://127.0.0.1:{port}", server.token)[0] == 0
        server.stop()
        assert points(server.store) == list(range(at))


run(a_program_is_live_and_leaves_nothing_behind,
    no_signal_and_no_child_reach_the_program, forked_children_ship_their_own,
    what_cannot_be_shipped_is_kept_and_said, a_disk_that_is_full_or_gone,
    a_server_that_is_away_for_a_while, a_budget_that_presses,
    without_a_server_the_newest_is_dropped, a_shipper_that_dies,
    kills_at_random)
