"""query.py - asking a server or a local store: runs, series, scorecards.

A URL (an argument, else $KNOTMETER_URL) is asked over HTTP with the standard
library; without one the `km` program answers from the local store. Asking may
raise QueryError; nothing here runs beside a training unless it is asked.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, Iterator, List, Optional, Union

from . import _display

SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
HOLDS = ("OK", "WEAK")


class QueryError(RuntimeError):
    """What was asked cannot be answered; the text says why."""


def token() -> Optional[str]:
    """$KNOTMETER_TOKEN, else the first word of the file $KNOTMETER_TOKEN_FILE."""
    word = os.environ.get("KNOTMETER_TOKEN")
    path = os.environ.get("KNOTMETER_TOKEN_FILE")
    if not word and path:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            lines = [ln.split() for ln in file if ln[:1] not in "#\n"]
        word = lines[0][-1] if lines else None
    return word or None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token goes to the server that it is for, and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _number(value: Any) -> float:
    return float(SPECIAL.get(value, value)) if isinstance(value, str) else (
        math.nan if value is None else float(value))


class Series:
    """Columns step, time, value, attempt of one series, every point of it.
    numpy arrays where numpy is there, else lists."""

    def __init__(self, name: str, rows: "Dict[str, List[Any]]") -> None:
        self.name = name
        self.step: Any = [int(v) for v in rows["step"]]
        self.time: Any = [_number(v) for v in rows["time"]]
        self.value: Any = [_number(v) for v in rows["value"]]
        self.attempt: Any = [int(v) for v in rows["attempt"]]
        try:
            import numpy
        except ImportError:
            return
        self.step = numpy.asarray(self.step, dtype="int64")
        self.time = numpy.asarray(self.time, dtype="float64")
        self.value = numpy.asarray(self.value, dtype="float64")
        self.attempt = numpy.asarray(self.attempt, dtype="int64")

    def __len__(self) -> int:
        return len(self.step)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.step, self.value))

    def to_pandas(self) -> Any:
        """A DataFrame with columns step, time (UTC), value, attempt."""
        import pandas
        return pandas.DataFrame({
            "step": self.step, "value": self.value, "attempt": self.attempt,
            "time": pandas.to_datetime(self.time, unit="s", utc=True)})

    def __repr__(self) -> str:
        return f"<series {self.name}: {len(self)} points>"

    def _repr_html_(self) -> str:
        rows = [(int(s), float(v)) for s, v in
                zip(self.step[-5:], self.value[-5:])]
        return _display.box(self.name, f"{len(self):,} points",
                            _display.table(("step", "value"), rows))


class Scorecard(Dict[str, Any]):
    """What `km report --json` says of a run."""

    @property
    def headline(self) -> str:
        """The sentence on top."""
        return str(self.get("headline") or "")

    @property
    def figures(self) -> "List[Dict[str, Any]]":
        """Every figure with its value, interval, state and reason."""
        return list(self.get("figures", []))

    def figure(self, name: str, variant: Optional[str] = None
               ) -> "Optional[Dict[str, Any]]":
        """The first one of this id, and of this variant when it is named."""
        return next((f for f in self.figures if f["id"] == name and
                     variant in (None, f.get("variant"))), None)

    @property
    def verdicts(self) -> "Dict[str, Dict[str, Any]]":
        """Those that have fired and hold."""
        return {f["id"].split(".", 1)[1]: f for f in self.figures
                if f["id"].startswith("verdict.") and f["state"] in HOLDS
                and f.get("value") is not None and f.get("rung") != "over"}

    def __repr__(self) -> str:
        return f"<scorecard of {self.get('run')}: {self.headline}>"

    def _repr_html_(self) -> str:
        return _display.card_html(self)


class Comparison(Scorecard):
    """What `km compare --json` says of two arms."""


class RunView(Dict[str, Any]):
    """A stored run: its row in the list, and what can be asked about it."""

    def __init__(self, client: "Client", row: "Dict[str, Any]") -> None:
        super().__init__(row)
        self._client = client

    @property
    def name(self) -> str:
        """project/name"""
        return str(self.get("run") or f"{self['project']}/{self['name']}")

    @property
    def key(self) -> str:
        """What the client is asked by."""
        return str(self.get("id") or self.name)

    def metrics(self) -> "List[Dict[str, Any]]":
        """The series of the run, with counts and extremes."""
        return self._client.metrics(self.key)

    def series(self, name: str, labels: str = "") -> Series:
        """Every point of one series."""
        return self._client.series(self.key, name, labels)

    def scorecard(self) -> Scorecard:
        """Its figures."""
        return self._client.scorecard(self.key)

    def __repr__(self) -> str:
        return f"<run {self.name}: {self.get('state')}>"

    def _repr_html_(self) -> str:
        return _display.box(self.name, f"{self.get('state', '')} · step "
                            f"{self.get('max_step', self.get('step', ''))} · "
                            f"{self.get('points', 0)} points")


class RunList(List[RunView]):
    """Runs, shown as a table."""

    def to_pandas(self) -> Any:
        """A DataFrame with a row for each run."""
        import pandas
        return pandas.DataFrame([dict(row) for row in self])

    def _repr_html_(self) -> str:
        rows = [(r.name, str(r.get("state", "")), r.get("max_step"),
                 r.get("points"), r.get("last_value")) for r in self[:50]]
        more = "" if len(self) <= 50 else f", the first 50 of {len(self)}"
        return _display.box(f"{len(self)} runs{more}", "", _display.table(
            ("run", "state", "step", "points", "last"), rows))


class Client:
    """Asks a server (url) or, without one, the local store through `km`."""

    def __init__(self, url: Optional[str] = None, store: Optional[str] = None,
                 timeout: float = 30) -> None:
        self.url = (url or ("" if store else
                            os.environ.get("KNOTMETER_URL", ""))).rstrip("/")
        self.store = store
        self.timeout = timeout

    def get(self, path: str, **words: Any) -> Any:
        """JSON of one path of the server."""
        query = {k: v for k, v in words.items() if v not in (None, "")}
        address = self.url + path + (
            "?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(address)
        secret = token()
        if secret:
            request.add_unredirected_header("Authorization",
                                            f"Bearer {secret}")
        try:
            with _opener.open(request, timeout=self.timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            try:
                why = json.load(error)["error"]["message"]
            except Exception:
                why = error.reason
            raise QueryError(f"{self.url}: {error.code}: {why}") from None
        except (OSError, ValueError) as error:
            raise QueryError(f"{self.url}: {error}") from None

    def ask(self, *words: str) -> str:
        """What the program prints for a command."""
        program = os.environ.get("KNOTMETER_KM") or shutil.which("km")
        if not program:
            raise QueryError("no server is named and no km program is found: "
                             "set KNOTMETER_URL, KNOTMETER_KM or PATH")
        store = ["--store", self.store] if self.store else []
        try:
            done = subprocess.run([program, *store, *words],
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False)
        except OSError as error:
            raise QueryError(f"{program}: {error}") from None
        if done.returncode:
            raise QueryError(done.stderr.decode("utf-8", "replace").strip()
                             or f"km ended with {done.returncode}")
        return done.stdout.decode("utf-8", "replace")

    def _rows(self, *words: str) -> "List[Dict[str, Any]]":
        return [json.loads(line) for line in
                self.ask(*words, "--json").splitlines() if line]

    def runs(self, project: Optional[str] = None,
             contains: Optional[str] = None,
             limit: Optional[int] = None) -> RunList:
        """Stored runs, newest first."""
        found: "List[Dict[str, Any]]" = []
        if not self.url:
            words = ["--project", project] if project else []
            found = self._rows("runs", "--sort", "newest", *words)
            if contains:
                found = [r for r in found if contains in r["run"]]
        cursor: Optional[str] = ""
        while self.url and cursor is not None and (limit is None
                                                   or len(found) < limit):
            page = self.get("/api/v1/runs", project=project, order="newest",
                            contains=contains, cursor=cursor)
            found += page["runs"]
            cursor = page.get("next")
        return RunList(RunView(self, row) for row in found[:limit])

    def run(self, key: str) -> RunView:
        """A run by its id, external id or name."""
        if not self.url:
            return RunView(self, self._rows("runs", key)[0])
        if len(key) == 16 and all(c in "0123456789abcdef" for c in key):
            return RunView(self, self.get(f"/api/v1/runs/{key}"))
        for row in self.runs(contains=key.rsplit("/", 1)[-1]):
            if key in (row.name, row.get("external_id"), row.get("name")):
                return row
        raise QueryError(f"{self.url}: there is no run {key}")

    def _id(self, key: str) -> str:
        return str(self.run(key)["id"])

    def metrics(self, key: str) -> "List[Dict[str, Any]]":
        """The series of a run."""
        if not self.url:
            return self._rows("metrics", key)
        rows = self.get(f"/api/v1/runs/{self._id(key)}/series")["series"]
        return [dict(row) for row in rows]

    def series(self, key: str, name: str, labels: str = "") -> Series:
        """Every point of one series of a run."""
        if not self.url:
            text = self.ask("export", key, "--metric", name, "--format",
                            "jsonl")
            rows = [r for r in map(json.loads, text.splitlines())
                    if r["metric"] == name and r["labels"] == labels]
            if not rows:
                raise QueryError(f"{key} has no series {name}")
            return Series(name, {c: [r[c] for r in rows] for c in
                                 ("step", "time", "value", "attempt")})
        run = self._id(key)
        for row in self.get(f"/api/v1/runs/{run}/series")["series"]:
            if row["metric"] == name and (row.get("labels") or "") == labels:
                columns = self.get(
                    f"/api/v1/runs/{run}/series/{row['id']}", raw=1)
                return Series(name, columns)
        raise QueryError(f"{key} has no series {name}")

    def scorecard(self, key: str) -> Scorecard:
        """The figures of a run."""
        if not self.url:
            return Scorecard(json.loads(self.ask("report", key, "--json")))
        return Scorecard(self.get(f"/api/v1/runs/{self._id(key)}/scorecard"))

    def compare(self, first: str, second: str) -> Comparison:
        """Two arms, from the local store."""
        if self.url:
            raise QueryError(f"{self.url}: comparing is done by km on a store: "
                             "km.compare(a, b, store=DIR)")
        return Comparison(json.loads(
            self.ask("compare", first, second, "--json")))


def runs(project: Optional[str] = None, *, url: Optional[str] = None,
         store: Optional[str] = None, contains: Optional[str] = None,
         limit: Optional[int] = None) -> RunList:
    """Runs of a server or the local store, newest first."""
    return Client(url, store).runs(project, contains, limit)


def compare(first: Union[str, RunView], second: Union[str, RunView], *,
            store: Optional[str] = None) -> Comparison:
    """Which of two runs, or groups of runs, learns faster and better."""
    def word(arm: Union[str, RunView]) -> str:
        return arm.name if isinstance(arm, RunView) else str(arm)
    if store is None and isinstance(first, RunView):
        store = first._client.store
    client = Client(None, store)
    client.url = ""
    return client.compare(word(first), word(second))
