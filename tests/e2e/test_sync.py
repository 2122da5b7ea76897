"""test_sync.py - km sync: journals reach a server whole and once."""
# SPDX-License-Identifier: Apache-2.0
import glob
import itertools
import os
import random
import signal
import subprocess
import tempfile
import threading
import time

from server import Server
from shared import KM, km, run
from shipping import (Peer, Proxy, RECORDER, answer, clean, points, record,
                      sync, wait_until)

THOROUGH = bool(os.environ.get("KM_THOROUGH"))
DROPS = 500 if THOROUGH else 30
KILLS = 200 if THOROUGH else 10


def url_of(server):
    """As --to takes it."""
    return f"http://127.0.0.1:{server.port}"


def sync_is_as_good_as_import():
    """several journals, synced: the store says what an import says"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        for i in range(3):
            assert record(folder, 2000 * (i + 1), f"r{i}").returncode == 0
        imported = os.path.join(top, "imported")
        assert km("import", folder, "--store", imported, "-q")[0] == 0
        with Server(os.path.join(top, "s")) as server:
            status, out, err = sync(folder, url_of(server), server.token)
            assert (status, err) == (0, ""), (status, err)
            assert "12 000 points of 3 journals" in out.replace("\u202f", " "), \
                out
            again = sync(folder, url_of(server), server.token, "--json")
            assert '"points":0,"bytes":0' in again[1], again
            server.stop()
            assert points(server.store) == points(imported)
            a = km("metrics", "--store", server.store, "--json")[1]
            b = km("metrics", "--store", imported, "--json")[1]
            assert a == b, (a, b)
            more = km("import", folder, "--store", server.store, "--json")
            assert more[0] == 0 and len(points(server.store)) == 12000


def what_grows_is_followed():
    """--follow ships what is added, new journals too, and ends with them"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        os.mkdir(folder)
        with Server(os.path.join(top, "s")) as server:
            program = subprocess.Popen(
                [RECORDER, folder, "p", "r", "0", "1"], text=True,
                stdin=subprocess.PIPE, env=clean())
            program.stdin.write("log 1 loss 1\n")
            program.stdin.flush()
            follower = subprocess.Popen(
                [KM, "sync", folder, "--to", url_of(server), "--follow",
                 "--until-closed"],
                env=clean(KNOTMETER_TOKEN=server.token))
            wait_until(lambda: points(server.store) == [1])
            program.stdin.write("".join(f"log {i} loss 1\n"
                                        for i in range(2, 50000)))
            program.stdin.flush()
            wait_until(lambda: len(points(server.store)) == 49999)
            assert follower.poll() is None
            program.stdin.close()
            assert program.wait(30) == 0
            assert follower.wait(30) == 0
            assert points(server.store) == list(range(1, 50000))


def the_end_of_a_process_is_an_end():
    """--until-exit: a program that is killed is shipped to its last point"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        with Server(os.path.join(top, "s")) as server:
            program = subprocess.Popen(
                [RECORDER, folder, "p", "r", "0", "1"], text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean())
            program.stdin.write("".join(f"log {i} loss 1\n"
                                        for i in range(30000)) + "done\n")
            program.stdin.flush()
            program.stdout.readline()
            follower = subprocess.Popen(
                [KM, "sync", folder, "--to", url_of(server), "--follow",
                 "--until-exit", str(program.pid)],
                env=clean(KNOTMETER_TOKEN=server.token))
            time.sleep(0.5)
            program.kill()
            program.communicate()
            assert follower.wait(30) == 0
            assert points(server.store) == list(range(30000))


def two_servers_behind_one_address():
    """two servers on one store, a range to one, the next to the other"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        assert record(folder, 600000).returncode == 0
        every_third = itertools.cycle((False, False, True))
        proxy = Proxy([], lambda: next(every_third))
        first = Server(os.path.join(top, "s"), "--host", proxy.host).start()
        second = Server(first.store, "--host", proxy.host).start()
        proxy.ports = [first.port, second.port]
        with proxy:
            status, _, err = sync(folder, proxy.url, first.token)
            assert status == 0, err
            print("#", proxy.turn, "connections,", proxy.dropped, "cut")
            assert proxy.turn > 2
        first.stop()
        second.stop()
        assert points(first.store) == list(range(600000))


def replies_that_are_lost():
    """dropped replies: acknowledged = stored = distinct"""
    with tempfile.TemporaryDirectory() as top:
        random.seed(7)
        folder = os.path.join(top, "j")
        proxy = Proxy([], lambda: random.random() < 0.4)
        with Server(os.path.join(top, "s"), "--host", proxy.host) as server:
            proxy.ports = [server.port]
            with proxy:
                steps = runs = 0
                while proxy.dropped < DROPS:
                    assert record(folder, 500, f"r{runs}",
                                  steps).returncode == 0
                    steps, runs = steps + 500, runs + 1
                    status, _, err = sync(
                        glob.glob(os.path.join(folder, f"r{runs - 1}"))[0],
                        proxy.url, server.token)
                    assert status == 0, err
                print("#", proxy.dropped, "replies dropped")
            assert points(server.store) == list(range(steps))


def a_network_that_goes_and_comes_back():
    """refused for a while, then there; Retry-After is honoured"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        assert record(folder, 1000).returncode == 0
        proxy = Proxy([1])  # nobody listens there
        with Server(os.path.join(top, "s"), "--host", proxy.host) as server:
            with proxy:
                threading.Timer(
                    2, lambda: setattr(proxy, "ports", [server.port])).start()
                status, out, err = sync(folder, proxy.url, server.token)
                assert (status, err) == (0, "") and "points" in out, err
            assert points(server.store) == list(range(1000))
        busy = (b"HTTP/1.1 503 Busy\r\nRetry-After: 2\r\n"
                b"Content-Length: 0\r\n\r\n")
        with Peer(answer(busy)) as peer:
            since = time.monotonic()
            status, _, err = sync(folder, peer.url, "km_x", "--wait", "3")
            took = time.monotonic() - since
            assert status == 9 and 2 < took < 10, (status, took, err)


def servers_of_other_kinds():
    """foreign, garbled, huge, endless, silent answers: one sentence, a status"""
    def reply(status, body=b"", more=b""):
        return answer(b"HTTP/1.1 " + status + b"\r\n" + more +
                      b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def endless(client):
        answer(b"HTTP/1.1 200 OK\r\n\r\n")(client)
        while True:
            client.sendall(b"x" * 65536)

    def headers(client):
        answer(b"HTTP/1.1 200 OK\r\n")(client)
        while True:
            client.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")

    def silent(client):
        client.recv(65536)
        time.sleep(20)

    def dribble(client):
        answer(b"HTTP/1.1 200 OK\r\n\r\n")(client)
        for _ in range(100):
            client.sendall(b"x")
            time.sleep(0.2)

    rows = (
        ("html", reply(b"200 OK", b"<html>hello</html>"), 4),
        ("empty", reply(b"200 OK"), 4),
        ("a list", reply(b"200 OK", b"[[[[1]]]]"), 4),
        ("deep", reply(b"200 OK", b"[" * 60000), 4),
        ("a wrong place", reply(b"200 OK",
                                b'{"segment":-1,"offset":3}'), 4),
        ("elsewhere", reply(b"302 Found", b"",
                            b"Location: file:///etc/passwd\r\n"), 4),
        ("401", reply(b"401 No"), 13),
        ("404", reply(b"404 No"), 5),
        ("413", reply(b"413 No"), 7),
        ("415", reply(b"415 No"), 4),
        ("418", reply(b"418 No"), 4),
        ("507", reply(b"507 Full"), 11),
        ("garbage", answer(bytes(range(256)) * 100), 4),
        ("endless", endless, 4),
        ("headers", headers, 4),
        ("silent", silent, 10),
        ("dribble", dribble, 10),
        ("a place it never leaves",
         reply(b"409 No", b'{"segment":0,"offset":0}'), 6),
    )
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        assert record(folder, 100).returncode == 0
        for name, handle, expected in rows:
            with Peer(handle) as peer:
                since = time.monotonic()
                status, out, err = sync(folder, peer.url, "km_secret",
                                        "--wait", "0", "--timeout", "2")
                took = time.monotonic() - since
                assert status == expected, (name, status, err)
                lines = [x for x in err.splitlines() if "stays on disk" not in x]
                assert len(lines) == 1 and not out, (name, out, err)
                assert "km_secret" not in err and took < 25, (name, took, err)


def wrong_words_are_refused():
    """bad addresses, tokens, folders: one sentence, a documented status"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        assert record(folder, 100).returncode == 0
        for url in ("ftp://x", "file:///etc/passwd", "nonsense", "http://",
                    "http://me:pass@127.0.0.1:1", "http://h/?q=1"):
            status, _, err = sync(folder, url, "t", "--wait", "0")
            assert status == 2 and err.count("\n") <= 2, (url, status, err)
            assert "pass@" not in err, err
        dead = "http://127.0.0.1:1"
        assert sync(folder, dead, "t", "--wait", "0")[0] == 10
        assert sync(folder, "http://no.such.host.invalid", "t",
                    "--wait", "0")[0] == 10
        assert sync(os.path.join(top, "none"), dead, "t")[0] == 5
        os.mkdir(os.path.join(top, "empty"))
        assert sync(os.path.join(top, "empty"), dead, "t")[0] == 5
        assert sync(folder, dead, "two words")[0] == 2
        with Server(os.path.join(top, "s")) as server:
            url = url_of(server)
            assert sync(folder, url, None)[0] == 13
            assert sync(folder, url, "km_" + "0" * 64)[0] == 13
            assert sync(folder, url + "/elsewhere", server.token)[0] == 5
            path = os.path.join(top, "token")
            with open(path, "w", encoding="utf-8") as file:
                file.write(server.token + "\n")
            assert sync(folder, url, None, "--token-file", path)[0] == 0


def damage_stays_with_its_journal():
    """a damaged header: said, status 3, and the other journals go"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        for name in ("a", "b"):
            assert record(folder, 100, name).returncode == 0
        path, = glob.glob(os.path.join(folder, "a", "*", "000000.kmj"))
        with open(path, "r+b") as file:
            file.seek(20)
            file.write(b"\xff" * 8)
        os.symlink("/", os.path.join(folder, "b", "0" * 32))
        with Server(os.path.join(top, "s")) as server:
            status, _, err = sync(folder, url_of(server), server.token)
            assert status == 3 and "000000.kmj" in err, (status, err)
            assert len(points(server.store)) == 100


def a_slot_that_nobody_publishes():
    """an empty slot among used ones is waited for, then gone past"""
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        assert record(folder, 1000).returncode == 0
        path, = glob.glob(os.path.join(folder, "r", "*", "000000.kmj"))
        with open(path, "r+b") as file:
            data = file.read()
            last = len(data) - 32 * 100  # points are behind it
            file.seek(last)
            file.write(b"\0" * 32)
        with Server(os.path.join(top, "s")) as server:
            since = time.monotonic()
            status, _, err = sync(folder, url_of(server), server.token)
            took = time.monotonic() - since
            assert status == 0 and took > 1.9, (status, took, err)
            assert len(points(server.store)) == 999


def kills_at_random():
    """kill -9 of program, shipper and server at random: nothing lost, doubled"""
    random.seed(11)
    with tempfile.TemporaryDirectory() as top:
        folder = os.path.join(top, "j")
        proxy = Proxy([])
        words = ("--host", proxy.host)
        server = Server(os.path.join(top, "s"), *words).start()
        proxy.ports = [server.port]
        token, acknowledged, at = server.token, 0, 0
        kills = {"program": 0, "shipper": 0, "server": 0}
        with proxy:
            while min(kills.values()) < KILLS:
                program = subprocess.Popen(
                    [RECORDER, folder, "p", f"r{at}", "0", "1"], text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, env=clean())
                program.stdin.write("".join(
                    f"log {i} loss 1\n" for i in range(at, at + 700))
                    + "done\n")
                program.stdin.flush()
                program.stdout.readline()
                at += 700
                shipper = subprocess.Popen(
                    [KM, "sync", folder, "--to", proxy.url, "--quiet",
                     "--follow"], env=clean(KNOTMETER_TOKEN=token))
                for _ in range(3):
                    time.sleep(random.random() * 0.03)
                    victim = random.choice(list(kills))
                    kills[victim] += 1
                    if victim == "program":
                        program.kill()
                    elif victim == "shipper":
                        shipper.kill()
                    else:
                        server.stop(signal.SIGKILL)
                        server = Server(server.store, *words).start()
                        proxy.ports = [server.port]
                program.kill()
                program.communicate()
                shipper.kill()
                shipper.wait()
                stored = points(server.store)
                assert len(stored) == len(set(stored)) and \
                    len(stored) >= acknowledged, (len(stored), acknowledged)
                acknowledged = len(stored)
            print("#", kills)
            status, _, err = sync(folder, proxy.url, token)
            assert status == 0, err
        server.stop()
        assert points(server.store) == list(range(at))


run(sync_is_as_good_as_import, what_grows_is_followed,
    the_end_of_a_process_is_an_end, two_servers_behind_one_address,
    replies_that_are_lost, a_network_that_goes_and_comes_back,
    servers_of_other_kinds, wrong_words_are_refused,
    damage_stays_with_its_journal, a_slot_that_nobody_publishes,
    kills_at_random)
