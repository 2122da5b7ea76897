"""accelerate.py - Accelerator(log_with=KnotmeterTracker()) of accelerate."""
# SPDX-License-Identifier: Apache-2.0
from typing import Any, Dict, Optional

from accelerate.tracking import GeneralTracker, on_main_process

from ._init import init
from ._run import Run


class KnotmeterTracker(GeneralTracker):  # type: ignore[misc]
    """The main process records."""

    name = "knotmeter"
    requires_logging_directory = False
    main_process_only = True

    def __init__(self, run: Optional[Run] = None, **words: Any) -> None:
        super().__init__()
        self.run, self._words = run, words
        self._open()

    @on_main_process  # type: ignore[untyped-decorator]
    def _open(self) -> None:
        if self.run is None:
            self.run = init(world_size=1, rank=0, **self._words)

    @property
    def tracker(self) -> Any:
        """The run."""
        return self.run

    @on_main_process  # type: ignore[untyped-decorator]
    def store_init_configuration(self, values: Dict[str, Any]) -> None:
        """Settings."""
        if self.run is not None:
            self.run.configure(values)

    @on_main_process  # type: ignore[untyped-decorator]
    def log(self, values: Dict[str, Any], step: Optional[int] = None,
            **_: Any) -> None:
        """Values of a step."""
        if self.run is not None:
            self.run.log(values, step=step)

    @on_main_process  # type: ignore[untyped-decorator]
    def finish(self) -> None:
        """Ends the run."""
        if self.run is not None:
            self.run.finish()
