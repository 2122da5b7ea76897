"""_init.py - km.init(): a run from words, surroundings and what a launcher set."""
# SPDX-License-Identifier: Apache-2.0
import hashlib
import os
from typing import Any, Iterable, Mapping, Optional, Union

from . import _core, _ship_start, _texts
from ._run import Run, current, set_current
from ._texts import say

_opened = 0


def _parent_start() -> str:
    """When the launcher of this process started: the same for its ranks."""
    try:
        with open(f"/proc/{os.getppid()}/stat", encoding="ascii",
                  errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def shared_id(env: Mapping[str, str]) -> Optional[str]:
    """An id that all ranks of a job find alike; None: they cannot."""
    def word(*names: str) -> str:
        return ".".join(env.get(n, "") for n in names)
    elastic = env.get("TORCHELASTIC_RUN_ID", "")
    if elastic not in ("", "none"):
        seed = "elastic " + elastic
    elif env.get("SLURM_JOB_ID") and "SLURM_STEP_ID" in env:
        seed = "slurm " + word("SLURM_JOB_ID", "SLURM_STEP_ID")
    elif env.get("PMIX_NAMESPACE"):
        seed = "pmix " + word("PMIX_NAMESPACE")
    elif (env.get("MASTER_PORT")
          and env.get("LOCAL_WORLD_SIZE") == env.get("WORLD_SIZE")):
        seed = (f"local {word('MASTER_ADDR', 'MASTER_PORT')} {os.getppid()} "
                f"{_parent_start()}")
    else:
        return None
    return "job-" + hashlib.sha1(seed.encode()).hexdigest()[:12]


def _number(value: Any, *names: str) -> int:
    """The option, else the first variable that is a number, else 0."""
    for word in (value, *(os.environ.get(n) for n in names)):
        try:
            if word is not None and int(word) >= 0:
                return int(word)
        except (TypeError, ValueError):
            pass
    return 0


def _choose_id(wanted: Optional[str], resume: Any, folder: str,
               world: int) -> Optional[str]:
    """The id of the run, by what `resume` says of a known one."""
    global _opened
    key = wanted or os.environ.get("KNOTMETER_RUN_ID") or None
    if key is None and world > 1:
        key = shared_id(os.environ)
        if key is None:
            say("the ranks of this job share no id: set KNOTMETER_RUN_ID, or "
                "each of them is a run of its own", once="ranks")
        elif _opened:
            key = f"{key}-{_opened + 1}"
    _opened += 1
    if key is None:
        if resume not in (None, False, "never", "allow", "auto"):
            say("resume needs an id: km.init(id=...) or $KNOTMETER_RUN_ID; a "
                "new run begins", once="resume")
        return None
    known = os.path.isdir(os.path.join(folder, key))
    if resume in (False, "never") and known and world <= 1:
        count = 2
        while os.path.isdir(os.path.join(folder, f"{key}-{count}")):
            count += 1
        say(f"there is a run {key} already: this one is {key}-{count}")
        return f"{key}-{count}"
    if resume in (True, "must") and not known and world <= 1:
        say(f"there is no run {key} in {folder} to resume: it begins here")
    return key


def _tags(run: Run, tags: Any) -> None:
    """A mapping, or words that are tags without a value."""
    if isinstance(tags, Mapping):
        for key, value in tags.items():
            run.tag(key, value)
    elif isinstance(tags, str):
        run.tag(tags)
    elif tags is not None:
        for key in tags:
            run.tag(key)


def _open_run(words: "dict[str, Any]") -> Run:
    """Whatever is wrong with the options, there is a run."""
    try:
        return Run(**words)
    except Exception as error:
        say(f"options were left out: {type(error).__name__}: {error}")
        return Run(quiet=True)


def _beside(run: Run, url: Optional[str], system: Any, stop: Any) -> None:
    """What goes along: a shipper, system metrics, a look-out for a stop."""
    from ._system import SystemMetrics
    from ._verdicts import LookOut
    run.url = url or os.environ.get("KNOTMETER_URL") or None
    run._shipper = _ship_start.start(run)
    local = _number(None, "LOCAL_RANK")
    if system and os.environ.get("KNOTMETER_SYSTEM", "1") != "0" and not local:
        seconds = 15.0 if system is True else float(system)
        run._helpers.append(SystemMetrics(run, seconds))
    if stop:
        run._stop = LookOut(run, stop)
        run._helpers.append(run._stop)


def init(project: Optional[str] = None, name: Optional[str] = None,
         config: Any = None,
         tags: Union[Mapping[str, Any], Iterable[str], str, None] = None, *,
         parent: Optional[str] = None, group: Optional[str] = None,
         resume: Union[bool, str, None] = None, id: Optional[str] = None,
         dir: "Union[str, os.PathLike[str], None]" = None,
         url: Optional[str] = None, rank: Optional[int] = None,
         world_size: Optional[int] = None, notes: Optional[str] = None,
         device: Optional[str] = None, system: Union[bool, float] = True,
         stop: Any = None, disk_bytes_max: int = 0, buffered: bool = False,
         quiet: bool = False, **unknown: Any) -> Run:
    """Opens a run, and makes it the one that km.log() means.

    resume: a known id is resumed; "never" begins another run instead, "must"
    says so when there was none. system: seconds between system metrics, False
    for none. stop: True, or names of verdicts, for should_stop(). Words that
    are not known are said, not refused."""
    for word in unknown:
        say(f"init() knows no {_texts.text(word)!r}; it is left out",
            once=f"init {word}")
    previous = current()
    if previous is not None and previous.pid == os.getpid():
        previous.finish()
    folder = os.fspath(dir) if dir else os.environ.get("KNOTMETER_DIR") or \
        "knotmeter"
    world = _number(world_size, "WORLD_SIZE", "OMPI_COMM_WORLD_SIZE",
                    "PMI_SIZE", "SLURM_NTASKS")
    words = {"dir": folder, "project": _texts.optional(project),
             "id": _choose_id(_texts.optional(id), resume, folder, world),
             "name": _texts.optional(name), "group": _texts.optional(group),
             "parent": _texts.optional(parent),
             "notes": _texts.text(notes) if notes else None,
             "device": _texts.optional(device), "buffered": bool(buffered),
             "disk_bytes_max": int(disk_bytes_max), "quiet": bool(quiet)}
    if _core.SHIPS:
        words["url"] = url
    if world > 0:
        words["world_size"] = world
        words["rank"] = _number(rank, "RANK", "OMPI_COMM_WORLD_RANK",
                                "PMI_RANK", "PMIX_RANK", "SLURM_PROCID")
    run = _open_run(words)
    set_current(run)
    try:
        run.configure(config)
        _tags(run, tags)
        _beside(run, url, system, stop)
    except Exception as error:
        say(f"init: {type(error).__name__}: {_texts.text(error)[:300]}")
    return run
