"""Knotmeter: records how a training goes, and tells how fast it learns.

    import knotmeter as km
    run = km.init(project="lab", config={"lr": 3e-4})
    run.log({"train/loss": loss}, step=step)

Nothing here raises into a training, waits for a network or changes how the
program ends. The manual: docs/python.md.
"""
# SPDX-License-Identifier: Apache-2.0
from typing import Any, Optional

from . import _texts
from ._init import init
from ._run import Run, current
from .query import Client, Comparison, RunView, Scorecard, Series, compare, runs

__version__ = "0.1.0"
__all__ = ["Client", "Comparison", "Run", "RunView", "Scorecard", "Series",
           "compare", "config", "current", "evaluation", "event", "finish",
           "init", "log", "runs", "should_stop"]


def _run(what: str) -> Optional[Run]:
    run = current()
    if run is None:
        _texts.say(f"{what}() without a run does nothing: km.init() first",
                   once=f"without {what}")
    return run


def log(*args: Any, **words: Any) -> None:
    """run.log() of the run that init() opened last."""
    run = _run("log")
    if run is not None:
        run.log(*args, **words)


def event(*args: Any, **words: Any) -> None:
    """run.event() of the run that init() opened last."""
    run = _run("event")
    if run is not None:
        run.event(*args, **words)


def evaluation(*args: Any, **words: Any) -> None:
    """run.evaluation() of the run that init() opened last."""
    run = _run("evaluation")
    if run is not None:
        run.evaluation(*args, **words)


def config(*args: Any, **words: Any) -> None:
    """run.configure() of the run that init() opened last."""
    run = _run("config")
    if run is not None:
        run.configure(*args, **words)


def should_stop() -> bool:
    """Whether a verdict or a file says to end; never waits, off by default."""
    run = current()
    return run is not None and run.should_stop()


def finish(timeout: Optional[float] = None, state: Any = "finished") -> None:
    """Ends the run that init() opened last, if there is one."""
    run = current()
    if run is not None:
        run.finish(timeout, state)
