"""kill_importer.py - kill -9 of `km import` at random points.

    kill_importer.py [KILLS] [SEED]        (default 200, 1)

Rounds: an empty store, an import that is killed after a random time again and
again until it is left to finish. After every kill, whatever the killed program
had reported as read is in the store; after every round, the store holds exactly
what an undisturbed import holds: no point lost, none doubled, and km doctor
finds nothing.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
KM = os.path.abspath(os.environ.get("KM", os.path.join(ROOT, "build", "km")))


def crc32c_table():
    """The table of CRC-32C, for the event files written below."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc32c_table()


def masked(data):
    """The masked CRC of a TFRecord."""
    crc = 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    crc ^= 0xffffffff
    return ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff


def event(step, tag, value, wall):
    """One framed scalar event of TensorBoard; step below 128^4."""
    entry = b"\x0a" + bytes([len(tag)]) + tag + b"\x15" + struct.pack("<f", value)
    summary = b"\x0a" + bytes([len(entry)]) + entry
    varint = b""
    while step >= 128:
        varint += bytes([step & 127 | 128])
        step >>= 7
    varint += bytes([step])
    body = (b"\x09" + struct.pack("<d", wall) + b"\x10" + varint + b"\x2a" +
            bytes([len(summary)]) + summary)
    head = struct.pack("<Q", len(body))
    return (head + struct.pack("<I", masked(head)) + body +
            struct.pack("<I", masked(body)))


def write_logs(folder, dice):
    """Many small files and two large ones, with restarts in them."""
    for i in range(40):
        with open(os.path.join(folder, f"curve{i:02}.csv"), "w",
                  encoding="utf-8") as file:
            file.write("step,loss,lr\n")
            step = 0
            for _ in range(dice.randrange(1, 300)):
                step += 1
                if dice.random() < 0.01:
                    step = max(1, step - 20)
                file.write(f"{step},{dice.random()},{dice.random()}\n")
    with open(os.path.join(folder, "long.csv"), "w", encoding="utf-8") as file:
        file.write("step,loss,lr,grad_norm\n")
        for step in range(400000):
            at = step if step < 250000 else step - 50000
            file.write(f"{at},{step % 977 / 7},{step % 13},{step}\n")
    os.mkdir(os.path.join(folder, "board"))
    for part in range(2):
        name = f"events.out.tfevents.{1600000000 + part}.host.1.{part}"
        with open(os.path.join(folder, "board", name), "wb") as file:
            for step in range(4000):
                file.write(event(step + part * 3000, b"loss", step / 3,
                                 1.6e9 + part * 1e5 + step))


def held(store):
    """Parsed rows of km metrics --json, by run and metric."""
    done = subprocess.run([KM, "metrics", "--store", store, "--json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        return None, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {(r["run"], r["metric"], r["labels"]): r for r in rows}, ""


def compare(rows, expected):
    """The first difference in words, or None."""
    if rows.keys() != expected.keys():
        return f"series differ: {sorted(rows.keys() ^ expected.keys())[:4]}"
    for key, row in rows.items():
        want = dict(expected[key])
        have = dict(row)
        one, two = have.pop("sum", 0), want.pop("sum", 0)
        if have != want or not math.isclose(one, two, rel_tol=1e-12):
            return f"{key}: {row} instead of {expected[key]}"
    return None


def doctor(store):
    """What km doctor complains about, or None."""
    done = subprocess.run([KM, "doctor", "--deep", "--store", store],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return None if done.returncode == 0 else done.stdout


def kill_once(logs, store, delay, report):
    """One import, killed after `delay` seconds. Returns True when it had
    finished before. What it said about sources goes into `report`."""
    with subprocess.Popen([KM, "import", logs, "--store", store, "--json"],
                          stdout=report, stderr=subprocess.DEVNULL) as child:
        try:
            child.wait(delay)
            return True
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
            return False


def acknowledged(report):
    """Points that whole lines of the report speak of."""
    report.seek(0)
    total = 0
    for line in report.read().splitlines(keepends=True):
        if line.endswith("\n") and '"source"' in line:
            total += json.loads(line).get("points", 0)
    return total


def one_round(scratch, number, logs, whole, dice, left):
    """Kills until the import is through; returns how often."""
    expected, duration = whole
    store = os.path.join(scratch, f"store{number}")
    kills = acked = 0
    while True:
        report = tempfile.TemporaryFile("w+", dir=scratch)
        delay = dice.random() * duration * (1.1 if kills < left else 1000)
        finished = kill_once(logs, store, delay, report)
        acked += acknowledged(report)
        report.close()
        if finished:
            break
        kills += 1
        if os.path.exists(store) and acked:
            rows, why = held(store)
            assert rows is not None, f"unreadable after a kill: {why}"
            total = sum(row["n"] for row in rows.values())
            assert total >= acked, f"{acked} points reported, {total} held"
    rows, why = held(store)
    assert rows is not None, why
    difference = compare(rows, expected)
    assert difference is None, f"after {kills} kills: {difference}"
    complaint = doctor(store)
    assert complaint is None, complaint
    return kills


def main():
    """All rounds; prints one TAP line."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    dice = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    with tempfile.TemporaryDirectory(prefix="km-kill-") as scratch:
        logs = os.path.join(scratch, "logs")
        os.mkdir(logs)
        write_logs(logs, dice)
        start = time.monotonic()
        subprocess.run([KM, "import", logs, "--store",
                        os.path.join(scratch, "whole"), "--quiet"], check=True)
        duration = time.monotonic() - start
        expected, why = held(os.path.join(scratch, "whole"))
        assert expected, why
        kills = rounds = 0
        while kills < wanted:
            kills += one_round(scratch, rounds, logs, (expected, duration),
                               dice, wanted - kills)
            rounds += 1
            if os.environ.get("KM_CRASH_VERBOSE"):
                print(f"# round {rounds}: {kills} kills", flush=True)
    total = sum(row["n"] for row in expected.values())
    print(f"# {kills} kills in {rounds} rounds of {total} points, an import "
          f"takes {duration:.2f} s")
    print(f"ok 1 - {wanted} kills of the importer lose and double nothing")
    print("1..1")


main()
