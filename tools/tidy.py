#!/usr/bin/env python3
"""tidy.py - house rules that a machine can hold.

    tidy.py [ROOT]

Banned functions, bare allocation outside its floors, file and function length,
the opening sentence and licence line of every C file, marks of unfinished work,
and links in the documents. Prints TAP; ends with the ten longest functions.
"""
# SPDX-License-Identifier: Apache-2.0
import os
import re
import subprocess
import sys

FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 70
BANNED = re.compile(
    r"\b(strcpy|strcat|sprintf|vsprintf|atoi|atol|atof|strtok|gets|alloca"
    r"|setlocale|system|popen)\s*\(")
ALLOCATES = re.compile(r"\b(malloc|calloc|realloc|strdup|strndup|asprintf)\s*\(")
MAY_ALLOCATE = ("src/base/", "src/model/batch.c", "src/store/", "src/ingest/",
                "src/tracking/",
                "src/http/server.c", "src/http/deadline.c",
                "src/http/write_queue.c",  # connections
                "client/", "examples/", "tests/", "bench/", "fuzz/")
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|not implemented", re.I)
STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
COMMENTS = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def blank(match):
    """Same length and lines, no letters."""
    return re.sub(r"[^\n]", " ", match.group(0))


def functions(code):
    """(name, first line, length) of every function body at column 0."""
    lines = code.splitlines()
    start = None
    for number, line in enumerate(lines):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            first = start
            while first and lines[first - 1].strip() not in ("", "}"):
                first -= 1
            name = re.search(r"([a-zA-Z_]\w*)\s*\(",
                             " ".join(lines[first:start]))
            if name and not line.startswith("};"):
                yield name.group(1), start + 1, number - start + 1
            start = None


def check_file(path, text):
    """Sentences about one C file, and its functions."""
    out = []
    lines = text.splitlines()
    name = os.path.basename(path)
    if not lines or not lines[0].startswith(f"/* {name} - "):
        out.append(f"{path}:1: expected the opening sentence '/* {name} - ...'")
    if "SPDX-License-Identifier: Apache-2.0" not in text:
        out.append(f"{path}: no SPDX line")
    if len(lines) > FILE_LINES_MAX:
        out.append(f"{path}: {len(lines)} lines, at most {FILE_LINES_MAX}")
    code = COMMENTS.sub(blank, STRINGS.sub(blank, text))
    for number, line in enumerate(code.splitlines(), 1):
        found = BANNED.search(line)
        if found:
            out.append(f"{path}:{number}: {found.group(1)} is banned")
        found = ALLOCATES.search(line)
        if found and not path.startswith(MAY_ALLOCATE):
            out.append(f"{path}:{number}: {found.group(1)} belongs to base, "
                       "store, ingest and client; use an arena or a buffer")
    for number, line in enumerate(lines, 1):
        found = MARKS.search(line)
        if found:
            out.append(f"{path}:{number}: unfinished: {found.group(0)}")
    bodies = [(length, path, at, body) for body, at, length in functions(code)]
    limit = FUNCTION_LINES_MAX
    for length, _, at, body in bodies:
        if length > limit and not path.startswith(("tests/", "fuzz/")):
            out.append(f"{path}:{at}: {body} has {length} lines, "
                       f"at most {limit}")
    return out, bodies


def tracked(root):
    """Files that git tracks or would; every file where there is no git."""
    try:
        done = subprocess.run(
            ["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            check=False)
        listed = done.stdout if done.returncode == 0 else ""
    except FileNotFoundError:
        listed = ""
    if listed:
        return sorted(p for p in listed.splitlines()
                      if os.path.isfile(os.path.join(root, p)))
    return sorted(os.path.relpath(os.path.join(d, n), root)
                  for d, _, names in os.walk(root) for n in names
                  if "/build" not in d and "/.git" not in d)


def broken_links(root, path):
    """Relative links of a document that lead nowhere."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        text = file.read()
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        full = os.path.join(root, os.path.dirname(path), target)
        if not os.path.exists(full):
            yield f"{path}: link to {target} leads nowhere"


def main():
    """Prints TAP lines and the ten longest functions."""
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    bad = "int f(void)\n{\n    return atoi(\"1\");\n}\n"
    bites = len(check_file("src/cli/x.c", bad)[0]) == 3
    found, bodies, links = [], [], []
    for path in tracked(root):
        if path.endswith((".c", ".h")):
            with open(os.path.join(root, path), encoding="utf-8") as file:
                sentences, its = check_file(path, file.read())
            found += sentences
            bodies += its
        elif path.endswith(".md"):
            links += broken_links(root, path)
    print(("" if bites else "not ") + "ok 1 - the tidy check bites")
    for sentence in found:
        print(f"# {sentence}")
    print(("not " if found else "") + "ok 2 - every C file keeps the house "
          "rules")
    for sentence in links:
        print(f"# {sentence}")
    print(("not " if links else "") + "ok 3 - links in the documents lead "
          "somewhere")
    print("1..3")
    print("# longest functions: " + ", ".join(
        f"{name} {length} ({path})" for length, path, _, name in
        sorted(bodies, reverse=True)[:10]))
    sys.exit(0 if bites and not found and not links else 1)


if __name__ == "__main__":
    main()
