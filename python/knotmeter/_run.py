"""_run.py - a run as Python sees it: settings, events, results, its end.

The promise of every call: it does not raise, does not wait, and does not change
how the program ends. What cannot be kept is counted and said once.
"""
# SPDX-License-Identifier: Apache-2.0
import atexit
import functools
import os
import sys
from types import TracebackType
from typing import Any, Callable, Dict, Mapping, Optional, Type, TypeVar

from . import _core, _texts
from ._texts import say

FINISHED, FAILED, KILLED = 2, 3, 4
STATES = {"finished": FINISHED, "failed": FAILED, "killed": KILLED,
          "crashed": FAILED}
FINISH_SECONDS = 10.0
_F = TypeVar("_F", bound=Callable[..., Any])
_open: "Dict[int, Run]" = {}
_current: "Optional[Run]" = None


def harmless(method: _F) -> _F:
    """Errors of our own are said once and swallowed."""
    @functools.wraps(method)
    def guarded(*args: Any, **words: Any) -> Any:
        try:
            return method(*args, **words)
        except Exception as error:  # the training goes on
            say(f"{method.__name__}() failed: {type(error).__name__}: "
                f"{_texts.text(error)[:300]}", once=method.__qualname__)
            return None
    return guarded  # type: ignore[return-value]


class Run(_core.Writer):
    """One run. Made by km.init(); `with` ends it, failed after an exception."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pid = os.getpid()
        self.project: Optional[str] = options.get("project")
        self.name: str = options.get("name") or self.id
        self.url: Optional[str] = None
        self.config: Dict[str, Any] = {}
        self.dir: str = os.path.dirname(os.path.dirname(self.folder))
        self._helpers: "list[Any]" = []
        self._stop: Any = None
        self._shipper: Any = None
        _open[id(self)] = self

    @staticmethod
    def _fit_name(name: Any) -> str:
        """Asked by the extension for a name that the journal would refuse."""
        say("a metric's name is not UTF-8 of 1 to 1024 bytes without control "
            "characters; it is recorded with escapes", once="name")
        return _texts.name(name)

    @harmless
    def configure(self, config: Any = None, **more: Any) -> None:
        """Adds settings. Nested ones become flat: optimizer.lr"""
        for part in (config, more):
            if part is None or (part is more and not more):
                continue
            for count, (key, value) in enumerate(_texts.flat(part)):
                if count >= _texts.KEYS_MAX:
                    say(f"only {_texts.KEYS_MAX} settings are kept",
                        once="settings")
                    break
                if key:
                    self._note(key, value, False)
            self.config.update(dict(_texts.as_mapping(part)))

    @harmless
    def tag(self, key: Any, value: Any = "") -> None:
        """Says something about the run: tag("owner", "ada")"""
        if _texts.name(key):
            self._note(_texts.name(key), _texts.text(value), True)

    @harmless
    def event(self, kind: str, name: Optional[str] = None, step: Any = None,
              detail: Optional[Mapping[str, Any]] = None,
              **more: Any) -> None:
        """Something at an instant: checkpoint, data_switch, release, text."""
        inner = {**(detail if isinstance(detail, Mapping) else {}
                    if detail is None else {"detail": detail}), **more}
        self._write_event(_texts.name(kind) or "text", _texts.optional(name),
                          step, _texts.as_json(inner) if inner else None)

    @harmless
    def evaluation(self, task: str, metric: str, value: Any, *,
                   step: Any = None, stderr: Any = None, n: int = 0,
                   version: Optional[str] = None,
                   filter: Optional[str] = None,
                   subset: Optional[str] = None,
                   model: Optional[str] = None,
                   stage: Optional[str] = None,
                   cost_seconds: float = 0.0,
                   higher_is_better: Optional[bool] = None) -> None:
        """A result of one task: evaluation("gsm8k", "acc", 0.41, n=1319)"""
        fit = _texts.optional
        self._write_evaluation(
            _texts.name(task), _texts.name(metric), value, stderr, int(n), step,
            fit(version), fit(filter), fit(subset), fit(model), fit(stage),
            float(cost_seconds),
            -1 if higher_is_better is None else int(bool(higher_is_better)))

    @harmless
    def restart(self, step: Any) -> None:
        """Says that the training was restored and goes on at `step`."""
        self._restart(step)

    def should_stop(self) -> bool:
        """Whether to end, by the server's verdicts or a file named `stop`.
        Answers at once from what a thread found out; False unless asked for by
        km.init(stop=...)."""
        return bool(self._stop is not None and self._stop.found)

    @property
    def stop_reason(self) -> Optional[str]:
        """Why should_stop() says so."""
        return self._stop.found if self._stop is not None else None

    def overhead(self) -> "Dict[str, Any]":
        """What recording did and cost: calls, points, dropped, refused, bytes,
        ns_per_call, seconds, convert_seconds (waits for a device)."""
        return self._count()

    def finish(self, timeout: Optional[float] = None,
               state: Any = "finished") -> None:
        """Ends the run, once. With a server, waits at most `timeout` seconds
        (10) until it has everything; the rest stays on disk."""
        _end(self, STATES.get(state, state if state in (2, 3, 4) else 2),
             FINISH_SECONDS if timeout is None else timeout)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]],
                 error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        clean = kind is None or (issubclass(kind, SystemExit)
                                 and not getattr(error, "code", None))
        self.finish(state=FINISHED if clean else FAILED)

    def __repr__(self) -> str:
        return f"<knotmeter run {self.id} in {self.folder}>"

    def _repr_html_(self) -> str:
        from ._display import run_html
        return run_html(self)


@harmless
def _end(run: Run, how: int, timeout: float) -> None:
    global _current
    if _current is run:
        _current = None
    _open.pop(id(run), None)
    if not run.is_open:
        return
    mine = run.pid == os.getpid()
    for helper in run._helpers:
        helper.stop()
    counted = run._count()
    if counted["refused"] and mine:
        run._write_event("incident", "values refused", None,
                         _texts.as_json({"count": counted["refused"]}))
    run._close(how)
    if run._shipper is not None and mine:
        run._shipper.wait(timeout)


def current() -> Optional[Run]:
    """The run that km.init() opened last in this process, while it is open."""
    return _current


def set_current(run: Optional[Run]) -> None:
    """Makes it the one that km.log() means."""
    global _current
    _current = run


@atexit.register
def _at_exit() -> None:
    """A program that ended by an error leaves a failed run."""
    failed = getattr(sys, "last_type", None) is not None
    for run in list(_open.values()):
        _end(run, FAILED if failed else FINISHED, FINISH_SECONDS)


def _in_child() -> None:
    """Threads and processes beside the run stay with the parent."""
    for run in list(_open.values()):
        run._helpers = []
        run._shipper = None


os.register_at_fork(after_in_child=_in_child)
