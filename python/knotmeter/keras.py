"""keras.py - model.fit(callbacks=[KnotmeterCallback()]) of Keras 3.

Keras hands out running means within an epoch: a point of every batch is the mean
since the epoch began, not that batch alone. Epoch values are those of Keras.
"""
# SPDX-License-Identifier: Apache-2.0
from typing import Any, Optional

import keras

from ._init import init
from ._run import Run, harmless


class KnotmeterCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """every: batches between two points; 0 logs epochs only."""

    def __init__(self, run: Optional[Run] = None, every: int = 0,
                 **words: Any) -> None:
        super().__init__()
        self.run, self._words, self._mine = run, words, run is None
        self._every, self._batches = every, 0

    @harmless
    def on_train_begin(self, logs: Any = None) -> None:
        if self.run is None:
            self.run = init(**self._words)
        self.run.configure({k: v for k, v in (self.params or {}).items()})
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            self.run.configure({"optimizer": optimizer.get_config()})

    @harmless
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._batches += 1
        if self.run is not None and self._every and \
                self._batches % self._every == 0:
            self.run.log({"train": dict(logs or {})}, step=self._batches)

    @harmless
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.run is None:
            return
        values = {("val/" + k[4:] if k.startswith("val_") else
                   "epoch/" + k if self._every else "train/" + k): v
                  for k, v in (logs or {}).items()}
        self.run.log({**values, "epoch": epoch},
                     step=self._batches if self._every else epoch)
        if self.run.should_stop():
            self.model.stop_training = True

    @harmless
    def on_train_end(self, logs: Any = None) -> None:
        if self.run is not None and self._mine:
            self.run.finish()
            self.run = None
