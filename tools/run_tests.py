#!/usr/bin/env python3
"""run_tests.py - runs Meson's tests in one or more build folders and counts.

    run_tests.py BUILD[:SUITE,SUITE...] ...

Each TAP line of each test program is one test. A program that dies, times out
or fails without a failing line counts as one failure. What failed or was
skipped, and why, is listed; the last line is `N passed, N failed, N skipped`.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import re
import subprocess
import sys

TAP = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*)$")
SKIP = re.compile(r"#\s*SKIP\b\s*(.*)$", re.I)


def run_build(build, suites):
    """Runs the tests of one folder; returns the rows of its log."""
    log = os.path.join(build, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.remove(log)
    command = ["meson", "test", "-C", build, "--no-rebuild", "--quiet"]
    for suite in suites:
        command += ["--suite", suite]
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if not os.path.exists(log):
        if "No suitable tests" in done.stdout or "No tests" in done.stdout:
            return []
        print(done.stdout)
        return [{"name": build, "result": "ERROR", "stdout": done.stdout}]
    with open(log, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def count(row, where):
    """(passed, failed, skipped) of one test program; prints the odd ones."""
    passed = failed = skipped = 0
    name = f"{where}: {row['name']}"
    comments = []
    for line in row.get("stdout", "").splitlines():
        if line.startswith("#"):
            comments.append(line)
        match = TAP.match(line)
        if not match:
            continue
        skip = SKIP.search(match.group(2))
        if skip:
            skipped += 1
            print(f"skipped  {name}: {match.group(2).strip()}")
        elif match.group(1):
            failed += 1
            print(f"FAILED   {name}: {match.group(2)}")
            print("\n".join(f"         {c}" for c in comments[-20:]))
        else:
            passed += 1
        comments = []
    if row["result"] == "SKIP" and not skipped:
        skipped += 1
        print(f"skipped  {name}")
    elif row["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and not failed:
        failed += 1
        print(f"FAILED   {name}: {row['result']}")
        tail = (row.get("stdout", "") + "\n" + row.get("stderr", "") or "")
        print("\n".join("         " + t for t in tail.splitlines()[-30:]))
    elif row["result"] == "OK" and passed + failed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def main():
    """Runs all, prints the sum, exits 1 when anything failed."""
    total = [0, 0, 0]
    for argument in sys.argv[1:]:
        build, _, suites = argument.partition(":")
        part = [0, 0, 0]
        for row in run_build(build, [s for s in suites.split(",") if s]):
            part = [a + b for a, b in zip(part, count(row, build))]
        print(f"{build}: {part[0]} passed, {part[1]} failed, "
              f"{part[2]} skipped")
        total = [a + b for a, b in zip(total, part)]
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped")
    sys.exit(1 if total[1] or not total[0] else 0)


if __name__ == "__main__":
    main()
