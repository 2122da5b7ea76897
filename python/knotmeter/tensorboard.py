"""tensorboard.py - a SummaryWriter that records with Knotmeter.

    from knotmeter.tensorboard import SummaryWriter

Scalars, parameters and texts are kept. Pictures, sounds, graphs and the like are
passed over, said once each. Nothing raises.
"""
# SPDX-License-Identifier: Apache-2.0
import os
from typing import Any, Mapping, Optional

from . import _texts
from ._init import init
from ._run import harmless, set_current
from ._texts import say


class SummaryWriter:
    """As torch.utils.tensorboard has it; log_dir names the run."""

    def __init__(self, log_dir: Any = None, comment: str = "",
                 purge_step: Optional[int] = None, max_queue: int = 10,
                 flush_secs: int = 120, filename_suffix: str = "",
                 **words: Any) -> None:
        del max_queue, flush_secs, filename_suffix
        self.log_dir = os.fspath(log_dir) if log_dir else f"runs{comment}"
        name = os.path.basename(os.path.normpath(self.log_dir)) + (
            comment if log_dir else "")
        from ._run import current
        before = current()
        set_current(None)  # several writers may be open at once
        self.run = init(name=name, **words)
        set_current(before if before is not None else self.run)
        if purge_step is not None:
            self.run.restart(purge_step)

    def get_logdir(self) -> str:
        """The folder that the script named."""
        return self.log_dir

    @harmless
    def add_scalar(self, tag: str, scalar_value: Any,
                   global_step: Any = None, walltime: Any = None,
                   new_style: bool = False,
                   double_precision: bool = False) -> None:
        """One value of a series; all its bits are kept."""
        self.run.log(tag, scalar_value, global_step)

    @harmless
    def add_scalars(self, main_tag: str, tag_scalar_dict: Mapping[str, Any],
                    global_step: Any = None, walltime: Any = None) -> None:
        """Values main_tag/key, in this run."""
        self.run.log({main_tag: dict(tag_scalar_dict)}, step=global_step)

    @harmless
    def add_hparams(self, hparam_dict: Mapping[str, Any],
                    metric_dict: Mapping[str, Any],
                    hparam_domain_discrete: Any = None,
                    run_name: Optional[str] = None,
                    global_step: Any = None) -> None:
        """Settings of this run, and values."""
        self.run.configure(hparam_dict)
        if metric_dict:
            self.run.log(dict(metric_dict), step=global_step)

    @harmless
    def add_text(self, tag: str, text_string: str, global_step: Any = None,
                 walltime: Any = None) -> None:
        """An event with the text."""
        self.run.event("text", tag, global_step,
                       {"text": _texts.text(text_string)[:8192]})

    def flush(self) -> None:
        """What was logged is in the journal already."""

    def close(self) -> None:
        """Ends the run."""
        self.run.finish()

    def __enter__(self) -> "SummaryWriter":
        return self

    def __exit__(self, *error: Any) -> None:
        self.run.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("add_"):
            raise AttributeError(name)

        def passed_over(*_: Any, **__: Any) -> None:
            say(f"SummaryWriter.{name}() is passed over", once=name)
        return passed_over
