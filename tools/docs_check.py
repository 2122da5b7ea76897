#!/usr/bin/env python3
"""docs_check.py - pages that repeat a table of the code must agree with it.

    docs_check.py [ROOT]

docs/errors.md against KM_CODES, docs/limits.md against limits.h,
docs/formats.md and docs/formats/ against the table of sources. Prints TAP.
"""
# SPDX-License-Identifier: Apache-2.0
import os
import re
import sys

ROOT = sys.argv[1] if len(sys.argv) > 1 else "."


def read(path):
    """Text of a file below the root; empty when it is not there."""
    full = os.path.join(ROOT, path)
    if not os.path.exists(full):
        return ""
    with open(full, encoding="utf-8") as file:
        return file.read()


def errors():
    """Rows of the page that differ from the table."""
    code = re.findall(r"X\((\w+), (\d+), (\d+),\s+\"([^\"]*)\"\)",
                      read("src/base/err.h"))
    page = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (.*) \|$",
                      read("docs/errors.md"), re.M)
    return sorted(set(code) ^ set(page)) if code else ["no table found"]


def limits():
    """Limits that stand on one side only."""
    code = re.findall(r"^    (KM_\w+(?:MAX|BYTES))\s*=", read("src/base/limits.h"),
                      re.M)
    page = re.findall(r"^\| (KM_\w+) \|", read("docs/limits.md"), re.M)
    return sorted(set(code) ^ set(page)) if code else ["no limits found"]


def formats():
    """Sources that neither docs/formats.md nor its pages name."""
    page = read("docs/formats.md")
    folder = os.path.join(ROOT, "docs/formats")
    for name in sorted(os.listdir(folder)):
        page += read(f"docs/formats/{name}")
    table = read("src/source/sources.c")
    rows = re.findall(r"^    &km_source_(\w+),", table, re.M)
    return [row for row in rows if f"`{row}`" not in page]


def main():
    """Three TAP lines."""
    failed = 0
    checks = [("docs/errors.md agrees with KM_CODES", errors),
              ("docs/limits.md agrees with limits.h", limits),
              ("the pages of formats name every source", formats)]
    for number, (title, check) in enumerate(checks, 1):
        wrong = check()
        for item in wrong:
            print(f"# differs: {item}")
        failed += bool(wrong)
        print(f"{'not ' if wrong else ''}ok {number} - {title}")
    print(f"1..{len(checks)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
