"""wandb.py - scripts written for Weights & Biases, recorded with Knotmeter.

    import knotmeter.wandb as wandb

Numbers, settings, summaries and alerts are kept. Tables, media,
artifacts and watch() are accepted and passed over. Unknown names and arguments
are said once; nothing raises, nothing is sent to anybody else.
"""
# SPDX-License-Identifier: Apache-2.0
from typing import Any, Dict, Iterator, Mapping, Optional

from . import _init, _texts
from ._run import FAILED, FINISHED, harmless
from ._run import Run as _Run
from ._texts import say

run: "Optional[Run]" = None
_KNOWN = {"entity", "job_type", "mode", "reinit", "save_code", "settings",
          "anonymous", "force", "tensorboard", "sync_tensorboard",
          "monitor_gym", "allow_val_change", "config_exclude_keys",
          "config_include_keys", "magic", "resume_from", "fork_from"}


class _Passed:
    """Accepts any call, any attribute; records nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        say(f"{type(self).__name__} of the wandb-shaped module records "
            "nothing", once=f"wandb {type(self).__name__}")

    def __call__(self, *_: Any, **__: Any) -> "_Passed":
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        pass

    def __enter__(self) -> "_Passed":
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def __iter__(self) -> "Iterator[Any]":
        return iter(())


class Image(_Passed):
    """Passed over."""


class Video(_Passed):
    """Passed over."""


class Audio(_Passed):
    """Passed over."""


class Histogram(_Passed):
    """Passed over."""


class Html(_Passed):
    """Passed over."""


class Object3D(_Passed):
    """Passed over."""


class Table(_Passed):
    """Passed over."""


class Artifact(_Passed):
    """Passed over."""


class Settings(_Passed):
    """Passed over."""


class _Attributes(Dict[str, Any]):
    """A dict whose keys are attributes too; what is set is recorded."""

    def __init__(self, keep: Any) -> None:
        super().__init__()
        object.__setattr__(self, "_keep", keep)

    def __getattr__(self, name: str) -> Any:
        if name in self:
            return self[name]
        raise AttributeError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._keep({key: value})

    def update(  # type: ignore[override]
            self, other: Any = None, allow_val_change: Any = None,
            **more: Any) -> None:
        """Sets several."""
        both = {**dict(_texts.as_mapping(other) if other is not None else {}),
                **more}
        for key, value in both.items():
            super().__setitem__(key, value)
        self._keep(both)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Sets it when it is not there."""
        if key not in self:
            self[key] = default
        return self[key]


class Run:
    """As wandb.Run has it, over a run of Knotmeter."""

    def __init__(self, inner: _Run) -> None:
        self.inner = inner
        self.config = _Attributes(inner.configure)
        self.summary = _Attributes(self._summarise)
        self._step, self._row = 0, {}  # type: int, Dict[str, Any]

    id = property(lambda self: self.inner.id)
    name = property(lambda self: self.inner.name)
    project = property(lambda self: self.inner.project)
    step = property(lambda self: self._step)
    dir = property(lambda self: self.inner.folder)
    url = property(lambda self: self.inner.url)

    @harmless
    def _summarise(self, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            self.inner.tag(f"summary.{key}", value)

    @harmless
    def log(self, data: Any = None, step: Any = None, commit: Any = None,
            **unknown: Any) -> None:
        """Values of one step. Without `step` each call is one, unless
        commit=False keeps it open, as in wandb; a step may go back."""
        for word in unknown:
            say(f"log() knows no {word!r}", once=f"wandb.log {word}")
        if not isinstance(data, Mapping):
            self.inner.log(data)  # counted and said there
            return
        at = self._step if step is None else int(step)
        self._step = max(self._step, at)
        numbers = _numbers(data)
        self.inner.log(numbers, step=at)
        for key, value in numbers.items():
            dict.__setitem__(self.summary, key, value)
        if commit or (commit is None and step is None):
            self._step += 1

    @harmless
    def alert(self, title: str, text: str = "", level: Any = None,
              wait_duration: Any = None) -> None:
        """An event; nobody is waited for."""
        self.inner.event("incident", title, None,
                         {"text": text, "level": str(level)})

    def define_metric(self, *_: Any, **__: Any) -> "Run":
        """Axes are chosen when one looks; nothing to define."""
        return self

    @harmless
    def finish(self, exit_code: Any = None, quiet: Any = None) -> None:
        """Ends it; failed after an exit code other than 0."""
        global run
        self.inner.finish(state=FAILED if exit_code else FINISHED)
        if run is self:
            run = None

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self.finish(exit_code=kind is not None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _unknown(name)


def _numbers(data: Mapping[Any, Any]) -> Dict[str, Any]:
    """Without media, which have said so themselves."""
    return {str(k): _numbers(v) if isinstance(v, Mapping) else v
            for k, v in data.items()
            if not isinstance(v, (_Passed, str)) and v is not None
            and not (isinstance(v, (list, tuple)))}


def _unknown(name: str) -> Any:
    say(f"wandb.{name} is passed over", once=f"wandb {name}")
    return _Passed.__new__(_Passed)


def init(project: Any = None, name: Any = None, config: Any = None,
         tags: Any = None, group: Any = None, notes: Any = None,
         id: Any = None, resume: Any = None, dir: Any = None,
         mode: Any = None, **words: Any) -> Run:
    """A run; what has no meaning here is passed over."""
    global run
    for word in words:
        if word not in _KNOWN and word != "rank":
            say(f"init() knows no {word!r}", once=f"wandb.init {word}")
    if mode == "disabled":
        say("mode='disabled' records locally all the same; set "
            "KNOTMETER_DIR to choose where", once="wandb disabled")
    inner = _init.init(project=project, name=name, tags=tags, group=group,
                       notes=notes, id=id, resume=resume or None, dir=dir)
    run = Run(inner)
    if config is not None:
        run.config.update(config)
    if words.get("job_type"):
        inner.tag("job_type", words["job_type"])
    return run


def log(data: Any = None, step: Any = None, commit: Any = None,
        **words: Any) -> None:
    """Of the current run."""
    if run is None:
        say("wandb.log() before init() does nothing", once="wandb before")
    else:
        run.log(data, step=step, commit=commit, **words)


def finish(exit_code: Any = None, quiet: Any = None) -> None:
    """Ends the current run."""
    if run is not None:
        run.finish(exit_code)


def alert(title: str, text: str = "", **words: Any) -> None:
    """Of the current run."""
    if run is not None:
        run.alert(title, text)


def define_metric(*_: Any, **__: Any) -> None:
    """Nothing to define."""


def watch(*_: Any, **__: Any) -> None:
    """Passed over."""
    say("wandb.watch() is passed over", once="wandb watch")


unwatch = save = login = define_metric


def __getattr__(name: str) -> Any:
    if name == "config":
        return run.config if run is not None else _Attributes(lambda _: None)
    if name == "summary":
        return run.summary if run is not None else _Attributes(lambda _: None)
    if name.startswith("__"):
        raise AttributeError(name)
    return _unknown(name)
