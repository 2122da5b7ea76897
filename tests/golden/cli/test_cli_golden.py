"""test_cli_golden.py - what the commands print, word for word.

Each row of CASES is a command line on a store of two small runs; what it prints
stands in expected/<name>.txt with the exit status on top. UPDATE=1 rewrites.
"""
# SPDX-License-Identifier: Apache-2.0
import difflib
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import make_logs  # noqa: E402  pylint: disable=wrong-import-position

ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
KM = os.path.abspath(os.environ.get("KM", os.path.join(ROOT, "build", "km")))

CASES = {
    "help": ["help"],
    "help_report": ["help", "report"],
    "help_errors": ["help", "errors"],
    "unknown_command": ["imprt"],
    "unknown_option": ["runs", "--limt"],
    "bad_choice": ["report", "--format", "pdf"],
    "no_words": ["import"],
    "import_again": ["import", "LOGS", "--project", "demo"],
    "runs": ["runs"],
    "runs_json": ["runs", "--json"],
    "runs_shortened": ["runs", "--names", "d\u2026/st\u2026dy"],
    "runs_inside": ["runs", "--names", "tead"],
    "runs_shortened_ambiguous": ["report", "\u2026/s\u2026"],
    "unknown_format": ["import", "LOGS", "--format", "tensorbord"],
    "metrics": ["metrics", "short"],
    "metrics_json": ["metrics", "steady", "--metric", "*loss", "--json"],
    "evals_none": ["evals"],
    "run_unknown": ["report", "steadi"],
    "run_ambiguous": ["report", "s"],
    "report": ["report", "steady", "--target", "2.8"],
    "report_80": ["report", "steady", "--width", "80"],
    "report_60": ["report", "steady", "--width", "60"],
    "report_short": ["report", "short"],
    "report_two": ["report", "steady", "short", "--width", "120"],
    "report_csv": ["report", "steady", "--format", "csv"],
    "explain_list": ["explain"],
    "explain_one": ["explain", "learn.velocity"],
    "explain_unknown": ["explain", "velocty"],
    "export_csv": ["export", "short", "--metric", "train_loss"],
    "export_jsonl": ["export", "short", "--metric", "train_loss", "--format",
                     "jsonl", "--axis", "token"],
    "gc_dry": ["gc", "--delete", "short", "--dry-run"],
    "gc_refused": ["gc", "short"],
    "config_example": ["config", "--example"],
    "man": ["man"],
    "completion_bash": ["completion", "bash"],
    "completion_zsh": ["completion", "zsh"],
    "completion_fish": ["completion", "fish"],
}


def environment(folder):
    """Nothing of the machine but a frozen clock and a UTF-8 locale."""
    return {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8",
            "KNOTMETER_STORE": os.path.join(folder, "store"),
            "SOURCE_DATE_EPOCH": "1700007200", "COLUMNS": "100"}


def km(folder, words):
    """Status and output of one command line, the folder's name taken out."""
    logs = os.path.join(folder, "logs")
    done = subprocess.run([KM, *[w.replace("LOGS", logs) for w in words]],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=environment(folder), text=True, check=False)
    return (f"exit status {done.returncode}\n" +
            done.stdout.replace(folder, "FOLDER"))


def unstable(line):
    """Lines that tell how long something took."""
    return " in " in line and " ms" in line


def rounded(text):
    """Six digits: the last ones depend on the compiler."""
    return re.sub(r"\d+\.\d{7,}(e[-+]?\d+)?",
                  lambda found: f"{float(found[0]):.6g}", text)


def compare(name, actual):
    """Complains with a diff; UPDATE=1 writes instead."""
    path = os.path.join(HERE, "expected", name + ".txt")
    actual = "".join(line for line in actual.splitlines(True)
                     if not unstable(line))
    if name == "report_csv":
        actual = rounded(actual)
    if os.environ.get("UPDATE"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(actual)
        return True
    with open(path, encoding="utf-8", newline="") as file:
        expected = file.read()
    for line in difflib.unified_diff(expected.splitlines(), actual.splitlines(),
                                     "expected", "printed", lineterm=""):
        print("# " + line)
    return expected == actual


def main():
    """One TAP line a case."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        make_logs.main(os.path.join(folder, "logs"))
        first = km(folder, ["import", "LOGS", "--project", "demo", "--quiet"])
        if first != "exit status 0\n":
            print("# " + first.replace("\n", "\n# "))
        for number, (name, words) in enumerate(CASES.items(), 1):
            good = compare(name, km(folder, words))
            failed += not good
            print(f"{'' if good else 'not '}ok {number} - km "
                  f"{' '.join(words)} prints {name}.txt", flush=True)
    print(f"1..{len(CASES)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
