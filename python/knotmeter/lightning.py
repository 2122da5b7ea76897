"""lightning.py - Trainer(logger=KnotmeterLogger()) of Lightning."""
# SPDX-License-Identifier: Apache-2.0
from typing import Any, Dict, Mapping, Optional, Union

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from ._init import init
from ._run import Run

_STATES = {"success": "finished", "finished": "finished", "failed": "failed",
           "aborted": "killed"}


class KnotmeterLogger(Logger):
    """Steps are those that the trainer counts; rank 0 records."""

    def __init__(self, run: Optional[Run] = None, **words: Any) -> None:
        super().__init__()
        self._run, self._words = run, words

    @property
    def name(self) -> Optional[str]:
        return self._words.get("project") or "knotmeter"

    @property
    def version(self) -> Union[int, str, None]:
        return self._run.id if self._run is not None else None

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The run; opened at the first look."""
        if self._run is None:
            self._run = init(world_size=1, rank=0, **self._words)
        return self._run

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any],
                    step: Optional[int] = None) -> None:
        self.experiment.log(dict(metrics), step=step)

    @rank_zero_only
    def log_hyperparams(self, params: Any = None, *args: Any,
                        **words: Any) -> None:
        self.experiment.configure(params, **words)

    @rank_zero_only
    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        self.experiment.event("checkpoint", str(getattr(
            checkpoint_callback, "last_model_path", "") or "checkpoint"))

    @rank_zero_only
    def finalize(self, status: str) -> None:
        if self._run is not None:
            self._run.finish(state=_STATES.get(status, "finished"))

    def __getstate__(self) -> Dict[str, Any]:
        return {**self.__dict__, "_run": None}
