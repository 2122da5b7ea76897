"""test_server.py - km serve as clients, browsers and attackers meet it."""
# SPDX-License-Identifier: Apache-2.0
import glob
import gzip
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time

from server import Server, segments
from shared import KM, ROOT, Skip, km, run

TINYLM = os.path.join(os.path.dirname(KM), "examples", "tinylm")
TEXT = sorted(glob.glob(os.path.join(ROOT, "client", "*.c")))
TYPE = "application/octet-stream"


def train(top, name="A", steps=60):
    """The folder of a journal that the client really wrote."""
    subprocess.run(
        [TINYLM, "--dir", os.path.join(top, "journal"), "--name", name,
         "--steps", str(steps), "--quiet", "--dim", "16", "--layers", "1",
         "--heads", "2", "--context", "16", "--batch", "4", "--warmup", "2",
         "--eval-every", "5", *TEXT], check=True, stdout=subprocess.PIPE)
    folder, = glob.glob(os.path.join(top, "journal", name, "*"))
    return folder


def imported(top, folder, name="store"):
    """A store with that journal in it."""
    store = os.path.join(top, name)
    code, _, err = km("import", folder, "--store", store, "--quiet")
    assert code == 0, err
    return store


def content(store):
    """All points and runs, as the product exports them."""
    code, out, err = km("export", "--store", store, "--format", "jsonl",
                        "--quiet")
    assert code == 0, err
    rows = [json.loads(line) for line in out.splitlines()]
    return sorted(json.dumps({k: v for k, v in row.items()
                              if k not in ("run", "project")},
                             sort_keys=True) for row in rows)


def tokens_are_made_private_and_needed_for_writing():
    """a token is made, mode 0600; reading from this machine needs none"""
    with tempfile.TemporaryDirectory() as top:
        with Server(os.path.join(top, "store")) as server:
            path = os.path.join(server.store, "tokens")
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
            assert len(server.token) == 67
            assert server.ask("/api/v1/runs")[0] == 200
            place = "/api/v1/journals/" + "0" * 32
            assert server.ask(place)[0] == 401
            assert server.ask(place, token="km_" + "0" * 64)[0] == 401
            assert server.ask(place, token=server.token)[0] == 200
            assert server.stop() == 0
            os.chmod(path, 0o644)
            code, _, err = km("serve", "--store", server.store, "--port", "0")
            assert code == 2 and "tokens" in err, (code, err)


def the_open_net_is_refused_until_there_are_tokens():
    """--listen 0.0.0.0 without a token file does not start: exit 2, how to"""
    with tempfile.TemporaryDirectory() as top:
        code, out, err = km("serve", "--store", os.path.join(top, "s"),
                            "--listen", "0.0.0.0", "--port", "0")
        assert code == 2 and not out and "km serve" in err, (code, err)
        assert err.count("\n") == 1, err


def scopes_and_projects_bound_a_token():
    """a read token cannot write, one of a project sees only its runs"""
    with tempfile.TemporaryDirectory() as top:
        store = imported(top, train(top))
        with Server(store) as server:
            first = server.token
            server.stop()
            with open(os.path.join(store, "tokens"), "a",
                      encoding="utf-8") as file:
                file.write("read * km_" + "a" * 64 + "\n")
                file.write("write elsewhere km_" + "b" * 64 + "\n")
            server.start()
            assert server.token == first
            place = "/api/v1/journals/" + "0" * 32
            assert server.ask(place, token="km_" + "a" * 64)[0] == 403
            runs = server.ask("/api/v1/runs", token="km_" + "a" * 64)[2]
            assert len(runs["runs"]) == 1
            seen = server.ask("/api/v1/runs", token="km_" + "b" * 64)[2]
            assert seen["runs"] == []
            one = "/api/v1/runs/" + runs["runs"][0]["id"]
            for path in (one, one + "/config", one + "/series",
                         one + "/scorecard"):
                assert server.ask(path)[0] == 200, path
                assert server.ask(path, token="km_" + "b" * 64)[0] == 404, path


def hosts_and_origins_are_checked_before_anything():
    """another Host is 421 on every path and method, another Origin 403"""
    with tempfile.TemporaryDirectory() as top:
        with Server(os.path.join(top, "store")) as server:
            for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT"):
                for path in ("/health", "/api/v1/runs", "/nothing"):
                    status = server.ask(path, method, Host="evil.example")[0]
                    assert status == 421, (method, path, status)
            assert server.ask("/health", Host=f"localhost:{server.port}")[0] \
                == 200
            assert server.ask("/health", Host="localhost:1")[0] == 421
            two = (f"GET /health HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
                   f"Host: localhost:{server.port}\r\nConnection: close\r\n\r\n")
            assert b" 400 " in server.raw(two.encode())[:20]
            path = "/api/v1/journals/" + "0" * 32 + "/0"
            for origin, status in (("http://evil.example", 403), ("null", 403),
                                   (f"http://127.0.0.1:{server.port}", 401)):
                got = server.ask(path, "POST", b"x", Origin=origin,
                                 Content_Type=TYPE)[0]
                assert got == status, (origin, got)


def errors_have_one_shape_and_documented_statuses():
    """404, 405, 415, 413, 400: a JSON error that says what was expected"""
    with tempfile.TemporaryDirectory() as top:
        with Server(os.path.join(top, "store")) as server:
            token = server.token
            journal = "/api/v1/journals/" + "0" * 32
            rows = (
                ("GET", "/nothing", None, {}, 404),
                ("GET", "/api/v1/runs/../x", None, {}, 404),
                ("GET", "/api/v1/runs/%2e%2e", None, {}, 404),
                ("POST", "/api/v1/runs", b"", {}, 405),
                ("DELETE", "/api/v1/runs", None, {}, 405),
                ("GET", "/api/v1/runs/zzz", None, {}, 404),
                ("GET", "/api/v1/runs/0123456789abcdef", None, {}, 404),
                ("GET", "/api/v1/runs?limit=0", None, {}, 400),
                ("GET", "/api/v1/runs?limit=many", None, {}, 400),
                ("POST", journal + "/0", b"{}",
                 {"Content_Type": "application/json"}, 415),
                ("POST", journal + "/0", b"a=b",
                 {"Content_Type": "application/x-www-form-urlencoded"}, 415),
                ("POST", journal + "/0", b"not a journal",
                 {"Content_Type": TYPE}, 415),
                ("POST", journal + "/x", b"x", {"Content_Type": TYPE}, 400),
                ("POST", "/api/v1/journals/xyz/0", b"x",
                 {"Content_Type": TYPE}, 400),
                ("POST", journal + "/0", b"x",
                 {"Content_Type": TYPE, "Content_Encoding": "br"}, 415),
            )
            for method, path, body, headers, expected in rows:
                status, _, error = server.ask(path, method, body, token=token,
                                              **headers)
                assert status == expected, (method, path, status, error)
                assert error["error"]["status"] == status, error
                assert error["error"]["code"] and error["error"]["message"]
            big = server.ask(journal + "/0", "POST", b"x", token=token,
                             Content_Type=TYPE,
                             Content_Length=str(17 << 20))
            assert big[0] == 413, big
            bomb = gzip.compress(b"\0" * (64 << 20))
            status, _, error = server.ask(journal + "/0", "POST", bomb,
                                          token=token, Content_Type=TYPE,
                                          Content_Encoding="gzip")
            assert status == 413, (status, error)
            assert server.ask("/health")[0] == 200


def every_answer_is_guarded():
    """security headers on every answer, no CORS, the token in no answer"""
    with tempfile.TemporaryDirectory() as top:
        with Server(os.path.join(top, "store"), "--verbose") as server:
            for path in ("/health", "/nothing", "/api/v1/figures"):
                _, headers, _ = server.ask(path, token=server.token)
                policy = headers["Content-Security-Policy"]
                assert "default-src 'self'" in policy, policy
                assert "frame-ancestors 'none'" in policy, policy
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert headers["Referrer-Policy"] == "no-referrer"
                assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
                assert not any(h.lower().startswith("access-control")
                               for h in headers)
            server.ask("/%1b[31mred", token=server.token)
            token = server.token
            server.process.send_signal(signal.SIGTERM)
            log = server.process.stderr.read()
            assert "GET /health 200" in log, log
            assert token not in log and "\x1b" not in log, log
            server.stop()


def what_is_slow_or_too_large_is_cut():
    """headers in 10 s, 32 KiB of them; silence and dribbling alike"""
    with tempfile.TemporaryDirectory() as top:
        with Server(os.path.join(top, "store")) as server:
            host = f"Host: localhost:{server.port}\r\n"
            large = "GET /health HTTP/1.1\r\n" + host + "".join(
                f"X-{i}: {'y' * 1000}\r\n" for i in range(64)) + "\r\n"
            try:
                back = server.raw(large.encode())
            except ConnectionResetError:
                back = b""
            assert not back or b" 431 " in back[:20] or b" 413 " in back[:20], \
                back[:80]
            silent = socket.create_connection(("127.0.0.1", server.port))
            dribble = socket.create_connection(("127.0.0.1", server.port))
            dribble.sendall(b"GET /health HTTP/1.1\r\nX: ")
            since, cut = time.monotonic(), {}
            for s in (silent, dribble):
                s.settimeout(0.2)
            while len(cut) < 2 and time.monotonic() - since < 20:
                for name, s in (("silent", silent), ("dribble", dribble)):
                    if name in cut:
                        continue
                    try:
                        if name == "dribble":
                            s.sendall(b"y")
                        if not s.recv(100):
                            cut[name] = time.monotonic() - since
                    except socket.timeout:
                        pass
                    except OSError:
                        cut[name] = time.monotonic() - since
            print("#", {k: round(v, 1) for k, v in cut.items()})
            assert len(cut) == 2, cut
            assert all(9 < v < 13 for v in cut.values()), cut
            silent.close()
            dribble.close()
            assert server.ask("/health")[0] == 200


def the_api_says_what_the_commands_say():
    """runs, config, series, points and the scorecard equal km's own"""
    with tempfile.TemporaryDirectory() as top:
        for name in ("A", "B", "C"):
            train(top, name)
        store = imported(top, os.path.join(top, "journal"))
        with Server(store) as server:
            pages, cursor = [], 0
            while cursor is not None:
                page = server.ask(
                    f"/api/v1/runs?order=name&limit=2&cursor={cursor}")[2]
                pages += page["runs"]
                cursor = page["next"]
            code, out, _ = km("runs", "--store", store, "--json")
            assert code == 0
            names = sorted(json.loads(line)["run"] for line in out.splitlines())
            assert sorted(p["run"] for p in pages) == names, names
            one = "/api/v1/runs/" + pages[0]["id"]
            assert server.ask(one + "/config")[2]["config"]
            code, out, _ = km("report", pages[0]["run"], "--store", store,
                              "--json")
            card = server.ask(one + "/scorecard")[2]
            said = json.loads(out)
            mine = {(f["id"], f["variant"]): f["value"]
                    for f in said["figures"]}
            theirs = {(f["id"], f["variant"]): f["value"]
                      for f in card["figures"]}
            assert mine == theirs
            series = server.ask(one + "/series")[2]["series"]
            loss = next(s for s in series if s["metric"] == "train/loss")
            points = server.ask(f"{one}/series/{loss['id']}?raw=1")[2]
            code, out, _ = km("export", pages[0]["run"], "--store", store,
                              "--metric", "train/loss", "--format", "jsonl",
                              "--quiet")
            rows = [json.loads(line) for line in out.splitlines()]
            assert points["value"] == [r["value"] for r in rows]
            few = server.ask(f"{one}/series/{loss['id']}?points=8")[2]
            assert few["points"] == len(rows) and few["shown"] <= 8
            assert max(few["value"]) == max(points["value"])
            assert min(few["value"]) == min(points["value"])
            status, headers, _ = server.ask(one + "/scorecard")
            again = server.ask(one + "/scorecard",
                               If_None_Match=headers["ETag"])
            assert again[0] == 304 and not again[2], again


def the_description_is_whole():
    """OpenAPI 3.1: each path, parameter and answer that there is"""
    with tempfile.TemporaryDirectory() as top:
        with Server(os.path.join(top, "store")) as server:
            document = server.ask("/api/v1/openapi.json")[2]
            assert document["openapi"].startswith("3.1")
            names = set()
            for path, methods in document["paths"].items():
                for method, operation in methods.items():
                    assert method in ("get", "post"), method
                    names.add(operation["operationId"])
                    said = {p["name"] for p in operation["parameters"]
                            if p["in"] == "path"}
                    meant = {part[1:-1] for part in path.split("/")
                             if part.startswith("{")}
                    assert said == meant, path
                    assert "200" in operation["responses"]
                    stream = "text/event-stream" in json.dumps(operation)
                    status = server.ask(
                        path.replace("{", "").replace("}", ""),
                        "HEAD" if stream else "GET")[0]
                    assert status in (200, 400, 401, 404, 405), (path, status)
            assert len(names) == sum(len(m) for m in
                                     document["paths"].values())


def a_page_of_charts_is_one_request():
    """charts on any axis with exact extremes, raw points also as doubles"""
    with tempfile.TemporaryDirectory() as top:
        store = imported(top, train(top))
        with Server(store) as server:
            run_id = server.ask("/api/v1/runs")[2]["runs"][0]["id"]
            one = "/api/v1/runs/" + run_id
            series = {s["metric"]: s["id"]
                      for s in server.ask(one + "/series")[2]["series"]}
            loss = f"{one}/series/{series['train/loss']}"
            raw = server.ask(loss + "?raw=1")[2]
            head = server.ask(loss + "?raw=1&format=binary")[2]
            assert head == server.ask(loss + "?raw=1", Accept=TYPE)[2]
            count = len(raw["value"])
            assert struct.unpack("<8sQQQ", head[:32]) == (
                b"KMPOINT1", 4, count, 0)
            columns = struct.unpack(f"<{4 * count}d", head[32:])
            assert list(columns[:count]) == raw["step"]
            assert list(columns[2 * count:3 * count]) == raw["value"]
            pairs = f"{run_id}:{series['train/loss']},{run_id}:{'0' * 16}"
            path = f"/api/v1/charts?pixels=8&curves={pairs}"
            curve, none = server.ask(path)[2]["curves"]
            assert not curve["problem"] and "no such series" in none["problem"]
            assert curve["points"] == count and curve["shown"] <= 16
            assert max(curve["y"]) == max(raw["value"])
            assert min(curve["y"]) == min(raw["value"])
            tokens, _ = server.ask(path + "&axis=token")[2]["curves"]
            per = tokens["per_step"]
            assert per and tokens["y"] == curve["y"], tokens
            for x, step in zip(tokens["x"], curve["x"]):
                assert abs(x - step * per) <= 1e-9 * abs(x)
            for bad in ("/api/v1/charts", path + "&axis=moon",
                        path.replace("=8", "=1", 1), "/api/v1/charts?curves=x"):
                assert server.ask(bad)[0] == 400, bad


def the_fleet_says_what_the_cards_say():
    """/api/v1/fleet: order, filters, pages; figures are those of the cards"""
    with tempfile.TemporaryDirectory() as top:
        store = imported(top, train(top, "A"))
        km("import", train(top, "B", 90), "--store", store, "--quiet")
        with Server(store) as server:
            def fleet(query=""):
                status, _, body = server.ask("/api/v1/fleet" + query)
                assert status == 200, body
                return body
            while not fleet()["fresh"]:
                time.sleep(0.2)
            whole = fleet("?order=name")
            assert whole["total"] == 2 and whole["going"] == 0, whole
            assert [r["run"].split("/")[1] for r in whole["runs"]] == \
                ["A", "B"]
            for row in whole["runs"]:
                card = server.ask(f"/api/v1/runs/{row['id']}/scorecard")[2]
                mine = [f for f in card["figures"]
                        if f["id"] == "learn.velocity"
                        and f["variant"] == "per step"][0]
                local = [f for f in card["figures"]
                         if f["id"] == "learn.velocity_local"][0]
                assert row["velocity"]["value"] in (mine["value"],
                                                    local["value"]), row
                assert 2 <= len(row["spark"]) <= 60, row
                assert row["last"]["unit"] == "nat", row
            assert len(fleet("?limit=1")["runs"]) == 1
            assert fleet("?skip=1&order=name")["runs"][0]["run"][-1] == "B"
            assert fleet("?contains=/nothing")["total"] == 0
            # as /api/v1/runs has it: part of project/name
            project = whole["runs"][0]["project"]
            for part in (project + "/A", "/B"):
                assert fleet("?contains=" + part)["total"] == 1, part
                assert len(server.ask("/api/v1/runs?contains=" + part)[2]
                           ["runs"]) == 1
            assert fleet("?going=1")["total"] == 0
            for order in ("velocity", "best"):
                values = [r["velocity" if order == "velocity" else "last"]
                          ["value"] for r in fleet("?order=" + order)["runs"]]
                assert values == sorted(values, reverse=order == "velocity")
            assert server.ask("/api/v1/fleet?order=mood")[0] == 400
            km("import", train(top, "C", 90), "--store", store, "--quiet")
            end = time.monotonic() + 10
            while fleet()["total"] != 3:
                assert time.monotonic() < end
                time.sleep(0.2)


def prometheus_reads_the_metrics():
    """/metrics is read by Prometheus' own parser, hostile names and all"""
    program = ("import sys, json\n"
               "from prometheus_client.parser import "
               "text_string_to_metric_families as read\n"
               "print(json.dumps([[s.name, s.labels, s.value] for f in "
               "read(sys.stdin.read()) for s in f.samples]))\n")
    probe = subprocess.run(["/usr/bin/python3", "-c",
                            "import prometheus_client"], check=False,
                           stderr=subprocess.DEVNULL)
    if probe.returncode:
        raise Skip("python3-prometheus-client is not installed")
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, "logs", "run.jsonl")
        os.makedirs(os.path.dirname(path))
        with open(path, "w", encoding="utf-8") as file:
            for i in range(1, 200):
                file.write(json.dumps({
                    "step": i, "loss": 1 + 3 / i ** 0.5,
                    "time": time.time() - 200 + i}) + "\n")
        store = os.path.join(top, "store")
        evil = 'a"b\\c\nd\u202e{x="y"} 1'
        code, _, err = km("import", path, "--store", store, "--quiet",
                          "--run", evil.replace("\n", " "))
        assert code == 0, err
        with Server(store) as server:
            server.ask("/nothing")
            status, headers, body = server.ask("/metrics")
            assert status == 200 and "version=0.0.4" in headers["Content-Type"]
            done = subprocess.run(["/usr/bin/python3", "-c", program],
                                  input=body, stdout=subprocess.PIPE,
                                  check=True)
            rows = json.loads(done.stdout)
            values = {name: value for name, labels, value in rows
                      if not labels}
            assert values["knotmeter_runs"] == 1, rows
            assert values["knotmeter_runs_going"] == 1, rows
            assert values["knotmeter_store_points"] == 199, rows
            answers = {labels["status"]: value for name, labels, value in rows
                       if name == "knotmeter_http_requests_total"}
            assert answers["4xx"] == 1, answers
            speeds = [(labels, value) for name, labels, value in rows
                      if name == "knotmeter_run_velocity"]
            assert {x["bound"] for x, _ in speeds} == {"value", "low", "high"}
            assert all('a"b\\c' in x["run"] for x, _ in speeds), speeds
            _, _, again = server.ask("/metrics")
            assert b"\r" not in again


def ship(server, folder, size, encoding=None):
    """A journal in ranges of at most `size`, as a client would: each begins
    where the answer before it said, so also half a slot is no trouble."""
    token, path = server.token, "/api/v1/journals/" + os.path.basename(folder)
    whole = segments(folder)
    place = server.ask(path, token=token)[2]
    asked = 0
    while place["segment"] < len(whole):
        segment, offset = place["segment"], place["offset"]
        data = whole[segment][offset:offset + size]
        if not data and segment + 1 == len(whole):
            break
        headers = {"Content_Type": TYPE}
        if not data:  # on to the next segment
            segment, offset, data = segment + 1, 0, whole[segment + 1][:size]
        if encoding == "gzip":
            data = gzip.compress(data)
            headers["Content_Encoding"] = "gzip"
        status, _, answer = server.ask(f"{path}/{segment}?offset={offset}",
                                       "POST", data, token=token, **headers)
        assert status == 200, (status, answer)
        asked += 1
        if answer == place:
            break
        place = answer
    print("#", asked, "ranges of", size)
    return place


def shipped_is_as_good_as_imported():
    """ranges of any size, doubled, with gaps, packed: as one import"""
    with tempfile.TemporaryDirectory() as top:
        folder = train(top, steps=120)
        whole = content(imported(top, folder, "imported"))
        assert len(whole) > 120
        for size, encoding in ((1 << 20, None), (4096, "gzip"), (1000, None)):
            store = os.path.join(top, f"shipped{size}")
            with Server(store) as server:
                place = ship(server, folder, size, encoding)
                writer = os.path.basename(folder)
                path = f"/api/v1/journals/{writer}"
                assert server.ask(path, token=server.token)[2]["offset"] == \
                    place["offset"]
                # all of it once more, and a range beyond a gap
                for number, data in enumerate(segments(folder)):
                    status, _, answer = server.ask(
                        f"{path}/{number}?offset=0", "POST", data,
                        token=server.token, Content_Type=TYPE)
                    assert status in (200, 409), (status, answer)
                    assert answer["points"] == 0, answer
                gap = server.ask(f"{path}/0?offset={place['offset'] + 999}",
                                 "POST", b"x" * 128, token=server.token,
                                 Content_Type=TYPE)
                assert gap[0] == 409, gap
                assert gap[2]["offset"] == place["offset"], gap
            assert content(store) == whole, size


def a_killed_server_loses_and_doubles_nothing():
    """kill -9 between and during ranges; the client asks and goes on"""
    with tempfile.TemporaryDirectory() as top:
        folder = train(top, steps=200)
        whole = content(imported(top, folder, "imported"))
        store = os.path.join(top, "shipped")
        server = Server(store).start()
        token, writer = server.token, os.path.basename(folder)
        data = segments(folder)[0]
        path = f"/api/v1/journals/{writer}"
        kills = offset = 0
        while offset < len(data):
            piece = data[offset:offset + 3000]
            request = (f"POST {path}/0?offset={offset} HTTP/1.1\r\n"
                       f"Host: localhost:{server.port}\r\nAuthorization: "
                       f"Bearer {token}\r\nContent-Type: {TYPE}\r\n"
                       f"Content-Length: {len(piece)}\r\n\r\n").encode()
            with socket.create_connection(("127.0.0.1", server.port)) as s:
                s.sendall(request + piece)
                if kills % 3:
                    time.sleep(0.002 * (kills % 5))
                if kills % 3 == 2:
                    s.recv(10)
            server.stop(signal.SIGKILL)
            kills += 1
            server = Server(store).start()
            known = server.ask(path, token=token)[2]
            assert known["segment"] == 0 and known["offset"] >= offset, known
            offset = known["offset"] if known["offset"] > offset else offset
            if kills > 12:
                ship(server, folder, 1 << 20)
                break
        server.stop()
        print("#", kills, "kills")
        assert kills > 5 and content(store) == whole


run(tokens_are_made_private_and_needed_for_writing,
    the_open_net_is_refused_until_there_are_tokens,
    scopes_and_projects_bound_a_token,
    hosts_and_origins_are_checked_before_anything,
    errors_have_one_shape_and_documented_statuses, every_answer_is_guarded,
    what_is_slow_or_too_large_is_cut, the_api_says_what_the_commands_say,
    a_page_of_charts_is_one_request,
    the_fleet_says_what_the_cards_say, prometheus_reads_the_metrics,
    the_description_is_whole, shipped_is_as_good_as_imported,
    a_killed_server_loses_and_doubles_nothing)
