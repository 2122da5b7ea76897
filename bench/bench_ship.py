"""bench_ship.py - a journal into a server: one connection, durable.

Ten million points of twenty metrics, written by the client library, go through
`km sync` into `km serve`. Rate by the wall clock; processor time of both sides
apart, a million points. Beside it VictoriaMetrics (Debian's victoria-metrics),
where it is installed, fed the same points by its own CSV import over one
connection: it keeps milliseconds and does not sync before it answers.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

BUILD = sys.argv[1] if len(sys.argv) > 1 else "build-bench"
KM = os.path.join(BUILD, "km")
RECORDER = os.path.join(BUILD, "tests", "e2e", "recorder")
METRICS, STEPS, BLOCK = 20, 500000, 500
POINTS = METRICS * STEPS


def line(name, value, unit, better, **more):
    """One line of the table."""
    print(json.dumps({"name": name, "value": round(value, 4), "unit": unit,
                      "better": better, **more}), flush=True)


def cpu_seconds(pid):
    """Processor time that a process has had."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        rest = file.read().rsplit(")", 1)[1].split()
    return (int(rest[11]) + int(rest[12])) / os.sysconf("SC_CLK_TCK")


def write_journal(folder):
    """All points, in blocks of steps that take turns among the metrics."""
    lines = "".join(f"many {at} {BLOCK} m{m}\n"
                    for at in range(0, STEPS, BLOCK) for m in range(METRICS))
    env = {k: v for k, v in os.environ.items() if not k.startswith("KNOTMETER")}
    env.update(RECORDER_SEGMENT=str(POINTS * 33), RECORDER_DISK=str(1 << 30))
    subprocess.run([RECORDER, folder, "p", "r", "0", "1"], input=lines,
                   text=True, check=True, env=env, stdout=subprocess.DEVNULL)


def start_server(store):
    """(process, address, token)"""
    server = subprocess.Popen([KM, "serve", "--store", store, "--port", "0",
                               "--quiet"], stdout=subprocess.PIPE, text=True)
    url = server.stdout.readline().strip()
    with open(os.path.join(store, "tokens"), encoding="utf-8") as file:
        token = next(x.split()[2] for x in file if x.startswith("admin"))
    return server, url, token


def ours(top):
    """Points a second, CPU of server and shipper a million points."""
    write_journal(os.path.join(top, "j"))
    server, url, token = start_server(os.path.join(top, "s"))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    server_before, since = cpu_seconds(server.pid), time.monotonic()
    done = subprocess.run(
        [KM, "sync", os.path.join(top, "j"), "--to", url, "--json"],
        env={**os.environ, "KNOTMETER_TOKEN": token}, check=True,
        capture_output=True, text=True)
    took = time.monotonic() - since
    server_cpu = cpu_seconds(server.pid) - server_before
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    server.send_signal(signal.SIGTERM)
    server.wait()
    stored = json.loads(done.stdout)["points"]
    if stored != POINTS:
        print(f"# {stored} of {POINTS} points were stored")
    own = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return stored / took, server_cpu / stored * 1e6, own / stored * 1e6


def peer(top):
    """The same of VictoriaMetrics' server; None where it is not installed."""
    program = shutil.which("victoria-metrics")
    if not program:
        return None
    port = 18428 + os.getpid() % 1000
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [program, f"-storageDataPath={top}/vm", f"-httpListenAddr=127.0.0.1:{port}",
         "-retentionPeriod=100y"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            urllib.request.urlopen(url + "/health").read()
            break
        except OSError:
            time.sleep(0.1)
    columns = "1:time:unix_ms," + ",".join(
        f"{m + 2}:metric:m{m}" for m in range(METRICS))
    now, steps = int(time.time() * 1000), POINTS // METRICS // 5
    bodies = []
    for at in range(0, steps, 2000):
        bodies.append("".join(
            f"{now - steps * 10 + i * 10}," + ",".join(
                [str(0.25 * (i % BLOCK))] * METRICS) + "\n"
            for i in range(at, at + 2000)).encode())
    before, since = cpu_seconds(server.pid), time.monotonic()
    for body in bodies:
        urllib.request.urlopen(urllib.request.Request(
            f"{url}/api/v1/import/csv?format={columns}", data=body)).read()
    took, cpu = time.monotonic() - since, cpu_seconds(server.pid) - before
    server.send_signal(signal.SIGTERM)
    server.wait()
    return steps * METRICS / took, cpu / (steps * METRICS) * 1e6


def main():
    """Lines of the table."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as top:
        rate, server_cpu, own_cpu = ours(top)
        other = peer(top)
    if other is None:
        print("# victoria-metrics is not installed: no peer of shipping")
    more = {"peer": "victoria-metrics, CSV"} if other else {}
    line("ship.rate", rate / 1e6, "M points/s", "higher", goal=5,
         **({**more, "peer_value": round(other[0] / 1e6, 3)} if other else {}))
    line("ship.server_cpu", server_cpu, "s/M points", "lower", goal=0.1,
         **({**more, "peer_value": round(other[1], 3)} if other else {}))
    line("ship.shipper_cpu", own_cpu, "s/M points", "lower")


main()
