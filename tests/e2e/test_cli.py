"""test_cli.py - journeys at the command line: hostile names, pipes, signals,
exit codes, exports that read back."""
# SPDX-License-Identifier: Apache-2.0
import csv
import html.parser
import io
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import tempfile
import time

from shared import KM, ROOT, Skip, km, run

def rows(first=5.0):
    """A loss curve; files of the same content would be one source."""
    return "step,loss\n" + "".join(f"{i},{first / i ** 0.3:.4f}\n"
                                   for i in range(1, 301))


HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m=1+1|`"


class Place:
    """A folder with a store; removed at the end."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="km-cli-")
        self.store = os.path.join(self.folder, "store")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def write(self, name, text):
        """Writes logs/<name>, returns the path."""
        path = os.path.join(self.folder, "logs", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def km(self, *words, **options):
        """Runs a command on this store."""
        return km(*words, "--store", self.store, **options)

    def fill(self, *names):
        """Imports a loss curve under each name into project p."""
        for number, name in enumerate(names):
            self.write(name, rows(5 + number / 10))
        status, _, err = self.km("import", os.path.join(self.folder, "logs"),
                                 "--project", "p", "--quiet")
        assert status == 0, err


def exit_codes():
    """Exit codes follow the table"""
    with Place() as place:
        assert place.km("runs")[0] == 5
        assert place.km("frobnicate")[0] == 2
        assert place.km("import", "/no/such/folder")[0] == 5
        place.fill("a.csv")
        assert place.km("runs")[0] == 0
        assert place.km("report", "nobody")[0] == 5
        assert place.km("explain", "nothing.like.it")[0] == 5
        assert place.km("report", "--target", "x")[0] == 2
        assert km("help")[0] == 0


def one_sentence():
    """A refusal is one line on stderr and nothing on stdout"""
    with Place() as place:
        for words in (["runs"], ["frobnicate"], ["runs", "--limt"],
                      ["import", "/no/such/folder"]):
            _, out, err = place.km(*words)
            assert out == "" and err.count("\n") == 1, (words, out, err)


def json_everywhere():
    """--json gives one object a line from every command that lists"""
    with Place() as place:
        place.fill("a.csv", "b.csv")
        for words in (["runs"], ["metrics"], ["report", "a"], ["explain"],
                      ["import", os.path.join(place.folder, "logs"),
                       "--project", "p"], ["config"], ["version"],
                      ["export", "a"], ["gc"]):
            status, out, err = place.km(*words, "--json")
            assert status == 0, (words, err)
            assert out.strip(), words
            for line in out.splitlines():
                assert isinstance(json.loads(line), dict), words


def hostile_names():
    """A hostile file name is inert in every face"""
    with Place() as place:
        place.fill(HOSTILE + ".csv")
        page = os.path.join(place.folder, "page.html")
        status, _, err = place.km("report", "--html", page)
        assert status == 0, err
        with open(page, encoding="utf-8") as file:
            text = file.read()
        assert "<img" not in text and "\x1b" not in text
        for words in (["runs"], ["metrics"], ["report"],
                      ["report", "--format", "markdown"],
                      ["runs", "--json"], ["report", "--json"]):
            status, out, err = place.km(*words)
            assert status == 0, err
            assert "\x1b" not in out + err, words
        assert "<img" not in place.km("report", "--format", "markdown")[1]


def formulas_are_neutral():
    """A spreadsheet finds no formula in any export"""
    with Place() as place:
        place.write("=cmd()/x.csv", rows().replace("loss", "@SUM(A1)"))
        place.km("import", os.path.join(place.folder, "logs"), "--project",
                 "-1+1", "--quiet")
        for words in (["export"], ["report", "--format", "csv"]):
            _, out, _ = place.km(*words)
            for row in csv.reader(io.StringIO(out)):
                for cell in row:
                    try:
                        float(cell)
                    except ValueError:
                        assert not cell.startswith(("=", "+", "-", "@", "\t")), \
                            (words, cell)


class Balance(html.parser.HTMLParser):
    """Counts tags that must be closed."""

    def __init__(self):
        super().__init__()
        self.open, self.outside = [], []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "href") and not (value or "").startswith("#"):
                self.outside.append(value)
        if tag in ("svg", "table", "section", "div", "details", "figure"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in ("svg", "table", "section", "div", "details", "figure"):
            assert self.open and self.open[-1] == tag, (tag, self.open)
            self.open.pop()


def page_is_whole():
    """The HTML page is balanced and points nowhere outside"""
    with Place() as place:
        place.fill("a.csv", "b.csv")
        _, page, _ = place.km("report", "--html", "-")
        parser = Balance()
        parser.feed(page)
        assert parser.open == [] and parser.outside == []
        assert "<script" not in page and "://" not in page
        assert page.count("<section") == 3 and "NaN" not in page


def no_colours():
    """Colours stand on a terminal only, and never under NO_COLOR"""
    with Place() as place:
        place.fill("a.csv")

        def on_terminal(env):
            try:
                main, side = pty.openpty()
            except OSError as why:
                raise Skip(f"no terminal can be had: {why}") from why
            with subprocess.Popen([KM, "report", "--store", place.store],
                                  stdout=side, stderr=side,
                                  env={**os.environ, "TERM": "xterm", **env},
                                  ) as process:
                os.close(side)
                seen = b""
                while True:
                    try:
                        part = os.read(main, 65536)
                    except OSError:
                        break
                    if not part:
                        break
                    seen += part
                process.wait()
            os.close(main)
            return seen
        plain = {key: "" for key in ("NO_COLOR",)}
        assert b"\x1b[" in on_terminal(plain)
        assert b"\x1b[" not in on_terminal({"NO_COLOR": "1"})
        assert "\x1b" not in place.km("report", env={"NO_COLOR": ""})[1]


def closed_pipe():
    """A reader that goes away ends the command quietly"""
    with Place() as place:
        place.fill("a.csv", *[f"more{i}.csv" for i in range(30)])
        done = subprocess.run(
            ["bash", "-c", f"'{KM}' export --store '{place.store}' | head -1"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        assert done.stdout.startswith(b"project,run,"), done.stdout
        assert done.stderr == b"" and done.returncode == 0, done.stderr


def full_disk():
    """Output that cannot be written is an error"""
    if not os.path.exists("/dev/full"):
        raise Skip("there is no /dev/full")
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([KM, "help"], stdout=full,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == 11 and b"output cannot be written" in done.stderr


def read_binary(raw):
    """Rows of the binary export, as docs/formats/export.md says."""
    assert raw[:8] == b"KMEXPORT" and struct.unpack_from("<I", raw, 8)[0] == 1
    at, blocks, found = 16, 0, []
    while raw[at:at + 4] == b"SERI":
        length, count = struct.unpack_from("<IQ", raw, at + 4)
        head = json.loads(raw[at + 16:at + 16 + length])
        at += 16 + length
        columns = [struct.unpack_from(f"<{count}{kind}", raw, at + i * 8 * count)
                   for i, kind in enumerate("qqd")]
        at += 24 * count + 8
        blocks += 1
        found += [(head["metric"], step, time_ns, value)
                  for step, time_ns, value in zip(*columns)]
    assert raw[at:at + 4] == b"DONE"
    assert struct.unpack_from("<Q", raw, at + 8)[0] == blocks
    return found


def exports_agree():
    """CSV, JSON lines and binary hold the same points, bit for bit"""
    with Place() as place:
        place.write("a.csv", "step,loss\n1,0.1\n2,nan\n3,-0.0\n4,1e-320\n5,inf\n")
        place.fill()
        path = os.path.join(place.folder, "out.bin")
        status, _, err = place.km("export", "--format", "binary", "-o", path)
        assert status == 0, err
        with open(path, "rb") as file:
            binary = read_binary(file.read())
        table = list(csv.DictReader(io.StringIO(place.km("export")[1])))
        lines = [json.loads(line) for line in place.km(
            "export", "--format", "jsonl")[1].splitlines()]
        assert len(binary) == len(table) == len(lines) == 5
        for (metric, step, time_ns, value), row, line in zip(binary, table,
                                                             lines):
            assert metric == row["metric"] == line["metric"] == "loss"
            assert step == int(row["step"]) == line["step"]
            assert time_ns == -2 ** 63 and row["time"] == ""
            assert line["time"] is None
            bits = struct.pack("<d", value)
            assert value != value or struct.pack("<d", float(row["value"])) \
                == bits
            assert value != value or struct.pack("<d", float(line["value"])) \
                == bits
        assert not [name for name in os.listdir(place.folder)
                    if name.startswith("out.bin.")]


def follow():
    """--follow reads what is added, and a signal ends it cleanly"""
    with Place() as place:
        path = place.write("run/a.csv", "step,loss\n1,2.5\n")
        with subprocess.Popen([KM, "import", os.path.dirname(path), "--follow",
                               "--store", place.store],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            time.sleep(1.0)
            with open(path, "a", encoding="utf-8") as file:
                file.write("2,2.25\n3,2.125\n")
            for _ in range(40):
                time.sleep(0.25)
                out = place.km("metrics", "--json")[1]
                if out and json.loads(out.splitlines()[0])["n"] == 3:
                    break
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        assert process.returncode == 0, err
        assert json.loads(place.km("metrics", "--json")[1].splitlines()[0])[
            "n"] == 3


def follow_report():
    """report --follow shows a run anew as it grows, and what a report says"""
    def card(text):
        """A report without what depends on the moment."""
        card = json.loads(text)
        return {key: card[key] for key in card if key != "context"}
    with Place() as place:
        path = place.write("run/a.csv", rows())
        imports = ["import", os.path.dirname(path)]
        assert place.km(*imports)[0] == 0
        with subprocess.Popen([KM, "report", "--follow", "--json", "--store",
                               place.store], stdout=subprocess.PIPE,
                              text=True) as process:
            for more in range(3):
                line = process.stdout.readline()
                fresh = place.km("report", "--json")[1]
                assert card(line) == card(fresh)
                assert card(line)["figures"]
                with open(path, "a", encoding="utf-8") as file:
                    for i in range(301 + 50 * more, 351 + 50 * more):
                        file.write(f"{i},{5 / i ** 0.3:.4f}\n")
                assert place.km(*imports)[0] == 0
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        assert process.returncode == 0
        place.write("run/b.csv", rows(6))
        place.km(*imports)
        status, _, err = place.km("report", "--follow", "a", "b")
        assert status == 2 and "one run" in err, err


def gc_and_doctor():
    """gc deletes what is named and nothing else; doctor finds nothing wrong"""
    with Place() as place:
        place.fill("a.csv", "b.csv")
        assert place.km("gc", "a")[0] == 2
        assert place.km("gc", "--delete", "a", "--dry-run")[0] == 0
        assert place.km("runs", "--names")[1].splitlines() == ["p/a", "p/b"]
        assert place.km("gc", "--delete", "a")[0] == 0
        assert place.km("runs", "--names")[1].splitlines() == ["p/b"]
        status, out, err = place.km("doctor", "--deep")
        assert status == 0 and "no problem was found" in out, out + err


def manual():
    """The manual page formats without a warning"""
    if not shutil.which("man") or not shutil.which("groff"):
        raise Skip("man or groff is not here")
    page = km("man")[1]
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"],
                          input=page.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0 and done.stderr == b"", done.stderr.decode()


def document():
    """docs/cli.md is what `km man --markdown` prints"""
    with open(os.path.join(ROOT, "docs", "cli.md"), encoding="utf-8") as file:
        assert file.read() == km("man", "--markdown")[1], \
            "run: build/km man --markdown > docs/cli.md"


def completions():
    """Completions are valid where their shell is there to say so"""
    for shell in ("bash", "zsh", "fish"):
        status, out, _ = km("completion", shell)
        assert status == 0 and "import" in out
        if shutil.which(shell):
            done = subprocess.run([shell, "-n"], input=out.encode(),
                                  stderr=subprocess.PIPE, check=False)
            assert done.returncode == 0, (shell, done.stderr)
    assert km("completion", "tcsh")[0] == 2


def configuration():
    """The configuration sets prices and targets; its mistakes have a line"""
    with Place() as place:
        place.fill("a.csv")
        path = place.write("config.yaml", 'targets:\n  "p/*": 1.5\n')
        env = {"KNOTMETER_CONFIG": path}
        card = json.loads(place.km("report", "--json", env=env)[1])
        assert card["target"] == 1.5, card["target"]
        path = place.write("config.yaml", "store: /tmp\nfrobnicate: 1\n")
        status, _, err = place.km("runs", env=env)
        assert status == 2 and "2" in err, err


if __name__ == "__main__":
    run(exit_codes, one_sentence, json_everywhere, hostile_names,
        formulas_are_neutral, page_is_whole, no_colours, closed_pipe, full_disk,
        exports_agree, follow, follow_report, gc_and_doctor, manual,
        document, completions, configuration)
