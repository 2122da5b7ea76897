"""huggingface.py - Trainer(callbacks=[KnotmeterCallback()]) of transformers."""
# SPDX-License-Identifier: Apache-2.0
from typing import Any, Optional

from transformers import TrainerCallback

from ._init import init
from ._run import Run, harmless


def _renamed(logs: "dict[str, Any]") -> "dict[str, Any]":
    """eval_loss -> eval/loss, test_x -> test/x, loss -> train/loss; what is
    told of the whole training once is a summary and not a curve."""
    out = {}
    for key, value in logs.items():
        for prefix in ("eval_", "test_"):
            if key.startswith(prefix):
                out[f"{prefix[:-1]}/{key[len(prefix):]}"] = value
                break
        else:
            out[key if key == "epoch" else f"train/{key}"] = value
    return out


class KnotmeterCallback(TrainerCallback):
    """Logs what the Trainer logs, on its first process. `should_stop` of the
    run ends the training in order when km.init(stop=...) asked for it."""

    def __init__(self, run: Optional[Run] = None, **words: Any) -> None:
        self.run, self._words, self._mine = run, words, run is None

    @harmless
    def on_train_begin(self, args: Any, state: Any, control: Any,
                       model: Any = None, **_: Any) -> None:
        if not state.is_world_process_zero:
            return
        if self.run is None:
            self._words.setdefault("name", getattr(args, "run_name", None))
            self.run = init(world_size=1, rank=0, **self._words)
        self.run.configure(args.to_sanitized_dict())
        config = getattr(model, "config", None)
        if config is not None and hasattr(config, "to_dict"):
            self.run.configure({"model": config.to_dict()})
        if state.global_step > 0:
            self.run.restart(state.global_step)

    @harmless
    def on_log(self, args: Any, state: Any, control: Any,
               logs: Any = None, **_: Any) -> None:
        if self.run is None or not logs or not state.is_world_process_zero:
            return
        if "train_runtime" in logs:
            for key, value in logs.items():
                self.run.tag(f"summary.{key}", value)
        else:
            self.run.log(_renamed(logs), step=state.global_step)

    @harmless
    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.run is not None:
            self.run.event("checkpoint", f"checkpoint-{state.global_step}",
                           state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any,
                    **_: Any) -> Any:
        if self.run is not None and self.run.should_stop():
            control.should_training_stop = True
        return control

    @harmless
    def on_train_end(self, args: Any, state: Any, control: Any,
                     **_: Any) -> None:
        if self.run is not None and self._mine:
            self.run.finish()
            self.run = None
