"""test_intake.py - what a newcomer meets on the way in: names, patterns,
columns, and lists of runs on terminals and in pipes."""
# SPDX-License-Identifier: Apache-2.0
import fcntl
import gzip
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time

from shared import KM, ROOT, km, need_shared, run



def curve(scale):
    """Rows of a loss that falls, and of its validation."""
    return "".join(f"{i},{scale / i ** 0.3:.4f},{scale * 1.1 / i ** 0.3:.4f}\n"
                   for i in range(1, 61))



class Place:
    """A folder with logs and a store; removed at the end."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="km-intake-")
        self.logs = os.path.join(self.folder, "lab")
        self.store = os.path.join(self.folder, "store")
        os.makedirs(self.logs)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def write(self, name, text):
        """Writes a file below the logs; returns its path."""
        path = os.path.join(self.logs, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def curve(self, name, number=1.0):
        """A CSV of a training; `number` makes it differ from others."""
        return self.write(name, "step,train_loss,val_loss\n" +
                          curve(5 + number / 100))

    def km(self, *words, **options):
        """Runs a command on this store."""
        return km(*words, "--store", self.store, **options)

    def bring(self, *words, expect=0):
        """Imports the logs; returns what it says, on one line."""
        code, out, err = self.km("import", *(words or [self.logs]))
        assert code == expect, (code, out, err)
        return " ".join((out + err).split())

    def on_terminal(self, width, *words):
        """Lines of a command on a terminal of this width."""
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 50, width, 0, 0))
        env = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
        with subprocess.Popen([KM, *words, "--store", self.store],
                              stdout=follower,
                              env={**env, "LC_ALL": "C.UTF-8",
                                   "NO_COLOR": "1"}) as process:
            os.close(follower)
            text = b""
            while True:
                try:
                    text += os.read(leader, 65536)
                except OSError: # the other end is closed
                    break
            assert process.wait() == 0
        os.close(leader)
        return text.decode().replace("\r", "").splitlines()


def limit_after_pattern():
    """km runs PATTERN -n N: N of those that the pattern names"""
    with Place() as place:
        for number, name in enumerate(["a/x", "b/x", "c/y", "d/y", "e/y"]):
            place.curve(name + ".csv", number)
        place.bring()
        names = place.km("runs", "*y", "-n", "2", "--names")[1].splitlines()
        assert names == ["lab/c/y", "lab/d/y"], names
        code, out, _ = place.km("runs", "*/y", "--sort", "newest", "-n", "1",
                                "--names")
        assert code == 0 and len(out.splitlines()) == 1, out
        out = place.km("runs", "e/y", "c/y", "--sort", "name", "--names")[1]
        assert out.splitlines() == ["lab/c/y", "lab/e/y"], out


def names_whole_in_pipes():
    """km runs: names are whole in a pipe and stay apart on a terminal"""
    with Place() as place:
        games = ["acrobot_swingup", "cartpole_balance", "walker_stand"]
        for g, game in enumerate(games):
            for seed in range(3):
                place.curve(f"benchmark/{game}/dreamer_version_2/with_a_long_"
                            f"way/seed-{seed}.csv", g * 10 + seed)
        place.bring()
        lines = place.km("runs", env={"COLUMNS": "60"})[1].splitlines()[1:]
        whole = {line.split("  ")[0] for line in lines}
        assert len(whole) == 9 and all(
            name.startswith("lab/benchmark/") for name in whole), whole
        for width in (80, 100, 140):
            lines = place.on_terminal(width, "runs")
            assert all(len(line) <= width for line in lines), lines
            shown = {line.split("  ")[0] for line in lines[1:]}
            assert len(shown) == 9, (width, shown)
            code, out, _ = place.km("runs", "--names", sorted(shown)[0])
            assert code == 0 and len(out.splitlines()) == 1, (shown, out)


def last_value():
    """km runs says of which metric the last value is, also of a reward"""
    with Place() as place:
        place.curve("a.csv")
        place.write("b.csv", "step,return\n" + "".join(
            f"{i},{i * 2}\n" for i in range(40)))
        place.bring()
        rows = [json.loads(line)
                for line in place.km("runs", "--json")[1].splitlines()]
        assert [(r["last_metric"], r["last_role"]) for r in rows] == \
            [("val_loss", "valid_loss"), ("return", "reward")], rows
        assert rows[1]["last_value"] == 78 and rows[1]["last_loss"] is None
        out = place.km("runs")[1]
        assert "val_loss" in out and "return" in out, out


def upper_and_lower_case():
    """A run is found whatever the case of the letters, exact ones first"""
    with Place() as place:
        place.curve("Muon-1.csv", 1)
        place.curve("adam.csv", 2)
        place.curve("ADAM.csv", 3)
        place.bring()
        assert place.km("runs", "muon", "--names")[1] == "lab/Muon-1\n"
        assert place.km("runs", "adam", "--names")[1] == "lab/adam\n"
        code, _, err = place.km("runs", "Adam", "--names")
        assert code == 2 and "could be 2 runs" in err, err


def patterns():
    """--pattern is checked first, and makes a named file a text log"""
    with Place() as place:
        table = place.curve("t.csv")
        code, _, err = place.km("import", table, "--pattern", r"(?<step>\d+")
        assert code == 2 and "--pattern" in err and "column" in err, err
        assert place.km("runs", "--names")[1] == ""
        place.bring(table, "--pattern", r"^(?<step>\d+),(?<x>[\d.]+)")
        rows = [json.loads(line)
                for line in place.km("metrics", "--json")[1].splitlines()]
        assert [r["metric"] for r in rows] == ["x"], rows
        other = place.curve("u.csv", 2)
        said = place.bring(place.logs, "--pattern", r"(?<step>\d+) (?<x>\d+)")
        assert other and "nothing was read as one" in said, said


def columns():
    """--columns lists the columns that there are; the file is not damaged"""
    with Place() as place:
        table = place.curve("t.csv")
        said = place.bring(table, "--columns", "step=Stp", expect=2)
        assert '"step", "train_loss", "val_loss"' in said, said
        assert "damaged" not in said, said
        place.bring(table, "--columns", "step=step,loss=val_loss")
        rows = [json.loads(line)
                for line in place.km("metrics", "--json")[1].splitlines()]
        assert [r["metric"] for r in rows] == ["loss"], rows


def names_of_folders():
    """A folder called outputs names no run"""
    with Place() as place:
        place.write("outputs/metrics.jsonl", "".join(
            f'{{"step": {i}, "loss": {5 - i / 10}}}\n' for i in range(9)))
        place.bring()
        assert place.km("runs", "--names")[1] == "lab/lab\n"


def roles_of_algoperf():
    """AlgoPerf: its score is a time, and test accuracy is no validation"""
    root = need_shared("data", "logs", "csv",
                       "mlcommons+submissions_algorithms")
    with Place() as place:
        place.bring(root)
        out = place.km("metrics")[1].splitlines()
        roles = {line.split("  ")[0]: line for line in
                 (re.sub(r"^\S+\s+", "", row) for row in out)}
        assert "unit=s" in roles["score"], roles["score"]
        assert "accuracy or score" not in roles["score"], roles["score"]
        assert "validation accuracy" in roles["validation/accuracy"]
        assert "test accuracy" in roles["test/accuracy"]


def formats_in_the_documents():
    """docs/formats.md names the formats that --format takes, and no others"""
    with Place() as place:
        code, _, err = place.km("import", place.logs, "--format", "nosuch")
        assert code == 2, err
        taken = set(err.split("there are ")[1].strip(" .\n").split(", "))
        with open(os.path.join(ROOT, "docs", "formats.md"),
                  encoding="utf-8") as file:
            table = file.read().split("## Written")[0]
        named = set()
        for row in re.findall(r"^\| (`.*?) \|", table, re.M):
            named |= set(re.findall(r"`(\w+)`", row))
        assert named == taken, named ^ taken


def settings_of(place, *runs):
    """{run: settings} as `km runs --settings --json` has them."""
    out = place.km("runs", "--settings", "--json", *runs)[1]
    rows = [json.loads(line) for line in out.splitlines()]
    return {row["run"]: row["settings"] for row in rows}


def settings_beside_logs():
    """config.json beside a log: configurations, seeds, arms by setting"""
    with Place() as place:
        for rate in (0.1, 0.3):
            for seed in range(3):
                folder = f"lr{rate}-s{seed}"
                place.curve(f"{folder}/metrics.csv", rate * 10 + seed / 7)
                place.write(f"{folder}/config.json", json.dumps(
                    {"lr": rate, "seed": seed, "opt": {"beta": [0.9, 0.95]}}))
        place.bring()
        found = settings_of(place)
        assert found["lab/lr0.3-s2/metrics"] == {
            "lr": 0.3, "seed": 2, "opt.beta": [0.9, 0.95]}, found
        card = json.loads(place.km("compare", "--by", "lr", "--json")[1])
        seen = json.dumps(card)
        assert "lr=0.1" in seen and "lr=0.3" in seen, seen[:400]
        said = place.km("seeds")
        assert "no configuration here has two seeds" not in said[1], said
        rows = [json.loads(line)
                for line in place.km("runs", "--json")[1].splitlines()]
        assert {row["source"] for row in rows} == {"csv"}, rows
        code, _, err = place.km("compare", "--by", "nosuch")
        assert code == 5 and "there are lr, opt.beta, seed" in err, err
        code, _, err = place.km("compare", "--by", "lt")
        assert code == 5 and "the nearest is lr" in err, err


def settings_change():
    """Settings follow the file: changed, gone keys, logs that come later"""
    with Place() as place:
        place.curve("a.csv", 1)
        place.write("config.yaml", "seed: 1\nlr: 1e-3\nmodel:\n  layers: 2\n")
        place.bring()
        assert settings_of(place) == {
            "lab/a": {"seed": 1, "lr": 1e-3, "model.layers": 2}}
        place.curve("b.csv", 2)
        place.write("b.json", '{"seed": 2}')
        place.bring()
        assert settings_of(place)["lab/b"] == {
            "seed": 2, "lr": 1e-3, "model.layers": 2}
        assert settings_of(place)["lab/a"]["seed"] == 1
        place.write("config.yaml", "seed: 5\n")
        place.bring()
        assert settings_of(place) == {"lab/a": {"seed": 5},
                                      "lab/b": {"seed": 2}}
        code, out, _ = place.km("import", place.logs, "--json")
        rows = [json.loads(line) for line in out.splitlines()]
        assert code == 0 and all(row["result"] == "unchanged"
                                 for row in rows if "source" in row), rows
        code, out, _ = place.km("doctor", "--deep")
        assert code == 0, out
        code, out, err = place.km("gc", "--delete", "b")
        place.bring()
        assert settings_of(place)["lab/b"]["seed"] == 2, (out, err)


def settings_named_or_not():
    """A log named alone is read alone, and it is said; both may be named"""
    with Place() as place:
        log = place.curve("r/metrics.csv")
        config = place.write("r/config.json", '{"lr": 0.5}')
        said = place.bring(log)
        assert config + ": not read; name it too" in said, said
        assert settings_of(place) == {"r/metrics": {}}
        assert "not read" not in place.bring(log, config)
        assert settings_of(place) == {"r/metrics": {"lr": 0.5}}
        own = place.write("r/metrics.yaml", "seed: 3\n")
        assert own + ": not read" in place.bring(log, config)


def settings_in_any_order():
    """One import or file by file, configs first or last: the same settings"""
    def fill(place):
        for name in "abc":
            place.curve(f"{name}/log.csv", ord(name))
            place.write(f"{name}/hparams.yaml", f"seed: {ord(name)}\n")
            place.write(f"{name}/log.json", '{"own": true}')
    with Place() as one, Place() as other:
        fill(one)
        fill(other)
        one.bring()
        kept = {}
        for name in ("a/hparams.yaml", "b/log.json", "c/log.csv"):
            kept[name] = os.path.join(other.folder, name.replace("/", "-"))
            shutil.move(os.path.join(other.logs, name), kept[name])
        other.bring()
        for name, path in kept.items():
            shutil.move(path, os.path.join(other.logs, name))
            other.bring()
        assert settings_of(one) == settings_of(other), settings_of(other)
        assert settings_of(one)["lab/b/log"] == {"seed": 98, "own": True}


def broken_settings():
    """A broken config is named in a sentence, and the log is read"""
    with Place() as place:
        place.curve("r/metrics.csv")
        place.write("r/config.json", '{"lr": 0.1, ')
        said = place.bring(expect=2)
        assert "config.json: failed: its settings are not used" in said, said
        assert settings_of(place) == {"lab/r/metrics": {}}
        place.write("r/config.json", '{"lr": 0.1}')
        place.bring()
        assert settings_of(place)["lab/r/metrics"] == {"lr": 0.1}
        alone = place.write("alone/config.json", '{"lr": 0.1}')
        assert "1 file not recognised" in place.bring()
        assert "settings of no log" in place.bring(alone, expect=4)
        place.curve("bare.csv", 3)
        place.bring()
        assert "beside its log" in place.km("runs", "--settings", "bare")[1]
        assert "none of these runs has settings" in \
            place.km("seeds", "bare")[2]


def settings_followed():
    """km import --follow: a config written before its log is taken with it"""
    with Place() as place:
        place.write("r/config.json", '{"lr": 0.5}')
        with subprocess.Popen(
                [KM, "import", "--follow", place.logs, "--store", place.store],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True) as process:
            time.sleep(0.5)
            place.curve("r/metrics.csv")
            for _ in range(100):
                if place.km("runs", "--names")[1] and settings_of(place)[
                        "lab/r/metrics"]:
                    break
                time.sleep(0.1)
            place.write("r/config.json", '{"lr": 0.25}')
            for _ in range(100):
                if settings_of(place)["lab/r/metrics"] == {"lr": 0.25}:
                    break
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        assert settings_of(place) == {"lab/r/metrics": {"lr": 0.25}}, \
            settings_of(place)


def packed_logs():
    """A log packed with gzip is read, grows, is cut, is renamed, is refused"""
    with Place() as place:
        plain = place.curve("a.csv")
        with open(plain, "rb") as file:
            text = file.read()
        packed = plain + ".gz"
        pathlib.Path(packed).write_bytes(gzip.compress(text))
        os.remove(plain)
        place.bring()
        assert place.km("runs", "--names")[1] == "lab/a\n"
        before = place.km("metrics", "--json")[1]
        assert '"n":61' in before or '"n":60' in before, before
        assert "1 unchanged" in place.bring()
        more = b"".join(b"%d,2.5,2.6\n" % i for i in range(61, 71))
        pathlib.Path(packed).write_bytes(gzip.compress(text) +
                                         gzip.compress(more))
        assert "20 points" in place.bring(), "two members: the new rows alone"
        pathlib.Path(plain).write_bytes(text + more)
        os.remove(packed)
        assert "0 points" in place.bring(), "unpacked: the same log, renamed"
        assert place.km("runs", "--names")[1] == "lab/a\n"
    with Place() as place:
        whole = gzip.compress(text + more, mtime=0)
        cut = pathlib.Path(place.write("cut.csv.gz", ""))
        cut.write_bytes(whole[:len(whole) // 2])
        said = place.bring()
        assert "partial" in said and "points" in said, said
        cut.write_bytes(whole)
        place.bring()
        assert '"n":70' in place.km("metrics", "--json")[1]
        bad = bytearray(whole)
        bad[len(bad) // 2] ^= 0x55
        damaged = pathlib.Path(place.write("bad.csv.gz", ""))
        damaged.write_bytes(bytes(bad))
        assert "gzip data are damaged" in place.bring(expect=3)
        damaged.write_bytes(gzip.compress(b"\0\1\2" * 99))
        assert "not recognised" in place.bring()
        said = place.bring(str(damaged), expect=4)
        assert "packed with gzip, and no format" in said, said


def packed_bomb():
    """A small file that unpacks to gigabytes is refused in bounded time"""
    with Place() as place:
        member = gzip.compress(b"\n" * (64 << 20), 1)
        path = place.write("bomb.csv.gz", "")
        pathlib.Path(path).write_bytes(
            gzip.compress(b"step,loss\n1,2\n") + member * 40)
        began = time.monotonic()
        said = place.bring(expect=7)
        assert "unpacks to more than 1024 MiB: unpack it with gunzip" in said
        assert time.monotonic() - began < 60, said
        assert place.km("runs", "--names")[1] == ""


def many_runs_in_a_table():
    """--columns run=NAME makes a run of each value, config.KEY a setting"""
    with Place() as place:
        rows = "".join(f"{i},{name},{5 / i + len(name)},{rate}\n"
                       for i in range(1, 31)
                       for name, rate in (("a b", 0.1), ("cc", 0.3)))
        table = place.write("all.csv", "it,who,value,rate\n" + rows)
        code, _, err = place.km("import", table, "--columns", "run=who")
        assert code == 2 and "add step=COLUMN" in err, err
        columns_of = ["--columns",
                      "run=who,step=it,loss=value,config.lr=rate"]
        said = place.bring(table, *columns_of)
        assert "2 runs, 60 points" in said, said
        assert settings_of(place) == {"lab/all/a b": {"lr": 0.1},
                                      "lab/all/cc": {"lr": 0.3}}
        found = [json.loads(line)
                 for line in place.km("metrics", "--json")[1].splitlines()]
        assert [(r["metric"], r["n"]) for r in found] == [("loss", 30)] * 2
        with open(table, "a", encoding="utf-8") as file:
            file.write("31,cc,1,0.3\n31,,1,0.3\n31,new,1,0.7\n")
        said = place.bring(table)  # the columns are remembered
        assert "2 points" in said and "1 warning" in said, said
        assert settings_of(place)["lab/all/new"] == {"lr": 0.7}
        rows = [json.loads(line)
                for line in place.km("runs", "--json")[1].splitlines()]
        assert all(row["attempts"] == 1 for row in rows), rows


def warnings_again():
    """Warnings of unchanged sources are counted, and shown again with -v"""
    with Place() as place:
        path = place.write("a.csv", "step,loss,who\n1,2,me\n2,1,you\n")
        place.write("notes.md", "nothing that can be imported")
        said = place.bring()
        assert "1 warning" in said and "--verbose shows the warnings" in said
        assert "not a number" not in said, said
        for _ in range(2):
            said = place.bring()
            assert "1 warning of an earlier import" in said, said
        said = place.bring("-v", place.logs)
        assert 'column "who": "me" is not a number' in said, said
        with open(path, "a", encoding="utf-8") as file:
            file.write("3,1,me\n4,1,me,7\n")
        place.bring()
        said = place.bring("-v", place.logs)
        assert '"me" is not' in said, said
        assert "4 fields under 3 columns" in said, said
        place.write("a.csv", "step,loss\n1,2\n2,1.5\n")  # mended
        assert "warning" not in place.bring().replace("earlier", "")
        assert "warning" not in place.bring("-v", place.logs)
        assert place.km("doctor", "--deep")[0] == 0


def no_loss():
    """A report without a loss says which metrics there are, and the way out"""
    with Place() as place:
        table = place.write("a.csv", "step,value,width\n" + "".join(
            f"{i},{5 / i},3\n" for i in range(1, 40)))
        place.bring()
        err = place.km("report", "a")[2]
        assert "there are value, width" in err and "--columns loss=" in err, err
        path = place.write("km.yaml",
                           "metrics:\n  - match: value\n    role: train_loss\n")
        err = place.km("report", "a", env={"KNOTMETER_CONFIG": path})[2]
        assert err == "", err
        place.bring(table, "--columns", "loss=value", "--run", "b")
        assert place.km("report", "--quiet", "a")[2] == ""


if __name__ == "__main__":
    run(limit_after_pattern, names_whole_in_pipes, last_value,
        upper_and_lower_case, patterns, columns, names_of_folders,
        roles_of_algoperf, formats_in_the_documents, settings_beside_logs,
        settings_change, settings_named_or_not, settings_in_any_order, broken_settings,
        settings_followed, packed_logs, packed_bomb, many_runs_in_a_table,
        warnings_again, no_loss)
