#!/usr/bin/env python3
"""test_shapes.py - scripts written for wandb and TensorBoard, unchanged but for
the import line; and the real libraries with their callbacks and loggers.
"""
# SPDX-License-Identifier: Apache-2.0
import math
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
import package  # noqa: E402
from package import Skip, heavy, imported, points, script  # noqa: E402
from test_package import in_folder, shared  # noqa: E402

WANDB = """
import math
import wandb
import random

random.seed(1)
run = wandb.init(project="shape", name="w1", config={"lr": 0.1, "layers": 3},
                 tags=["a"], entity="me", job_type="train", mode="offline",
                 settings=wandb.Settings(start_method="thread"))
wandb.config.update({"batch": 32}, allow_val_change=True)
wandb.config.seed = 1
wandb.define_metric("val/*", step_metric="epoch")
wandb.watch(object(), log="all")
for epoch in range(3):
    for batch in range(10):
        step = epoch * 10 + batch
        wandb.log({"loss": 1 / (1 + step), "nested": {"norm": step}}, commit=False)
        wandb.log({"lr": wandb.config.lr * 0.9 ** step})
    wandb.log({"val/loss": 0.5 + epoch, "image": wandb.Image([[1]]),
               "table": wandb.Table(columns=["a"], data=[[1]]), "note": "x",
               "bad": math.nan}, step=epoch * 10 + 9)
wandb.alert(title="done", text="it is", level=wandb.AlertLevel.INFO)
wandb.summary["best"] = 0.5
run.summary.update({"last": 2})
artifact = wandb.Artifact("model", type="model")
artifact.add_file("nothing")
run.log_artifact(artifact).wait()
wandb.plot.line(None, None)
print(run.id, run.config["batch"], run.summary["best"], wandb.run is run)
wandb.finish()
"""

TENSORBOARD = """
from torch.utils.tensorboard import SummaryWriter
import math

writer = SummaryWriter("runs/tb1", flush_secs=10)
for step in range(50):
    writer.add_scalar("train/loss", 2 / (1 + step), step)
    writer.add_scalars("pair", {"a": step, "b": -step}, step)
writer.add_scalar("odd", math.inf, 3, walltime=12.0)
writer.add_histogram("weights", [1, 2, 3], 1)
writer.add_text("note", "hello", 1)
writer.add_hparams({"lr": 0.1}, {"hparam/best": 0.04})
writer.flush()
writer.close()
"""


@in_folder
def wandb_script(top):
    """a script for wandb runs unchanged but for its import line"""
    out, err = script(WANDB.replace("import wandb\n",
                                    "import knotmeter.wandb as wandb\n"), top)
    assert out.endswith("32 0.5 True\n") and "Traceback" not in err, (out, err)
    got = points(top)
    steps = range(30)
    assert got["loss", ""] == [(s, 1 / (1 + s)) for s in steps], got["loss", ""]
    assert got["nested/norm", ""] == [(s, s) for s in steps]
    assert got["lr", ""] == [(s, 0.1 * 0.9 ** s) for s in steps]
    assert got["val/loss", ""] == [(e * 10 + 9, 0.5 + e) for e in range(3)]
    assert all(math.isnan(v) for _, v in got["bad", ""])
    assert len(got) == 5, sorted(got)
    (run,) = imported(top)("runs")
    assert run["run"] == "shape/w1" and run["state"] == "finished", run


@in_folder
def tensorboard_script(top):
    """a script for TensorBoard runs unchanged but for its import line"""
    _, err = script(TENSORBOARD.replace("torch.utils.tensorboard",
                                        "knotmeter.tensorboard"), top)
    assert "add_histogram" in err and "Traceback" not in err, err
    got = points(top)
    assert got["train/loss", ""] == [(s, 2 / (1 + s)) for s in range(50)]
    assert got["pair/a", ""] == [(s, s) for s in range(50)]
    assert got["pair/b", ""] == [(s, -s) for s in range(50)]
    assert got["odd", ""] == [(3, math.inf)]
    assert got["hparam/best", ""][0][1] == 0.04
    (run,) = imported(top)("runs")
    assert run["run"].endswith("tb1"), run


def library(name):
    """The interpreter, if the library is in it."""
    python = heavy()
    site = os.path.join(package.HEAVY, "lib")
    if not any(os.path.isdir(os.path.join(site, p, "site-packages", name))
               for p in os.listdir(site)):
        raise Skip(f"{name} is not installed")
    return python


@in_folder
def scalars(top):
    """scalars of numpy and torch are numbers; data loaders may log"""
    script("""
import numpy as np, torch, knotmeter as km
from torch.utils.data import DataLoader, Dataset
run = km.init(id="s")
values = [np.float32(0.1), np.float64(0.1), np.int64(3), np.array(2.5),
          np.array([7.5]), torch.tensor(0.25), torch.tensor([3]),
          torch.tensor(0.5, requires_grad=True), torch.tensor(True),
          torch.tensor(1.5, dtype=torch.bfloat16)]
for step, value in enumerate(values):
    run.log("v", value, step=torch.tensor(step))
run.log({"refused": torch.zeros(3)}, step=np.int64(4))
assert run.overhead()["refused"] == 1 and run.overhead()["converted"] >= 9
class Data(Dataset):
    def __len__(self): return 40
    def __getitem__(self, i):
        run.log("load", i, step=i); return i
assert sum(len(b) for b in DataLoader(Data(), num_workers=2)) == 40
run.finish()
""", top, python=library("torch"))
    got = points(top)
    first = 0.10000000149011612
    assert [v for _, v in got["v", ""]] == [first, 0.1, 3, 2.5, 7.5, 0.25, 3,
                                            0.5, 1, 1.5], got["v", ""]
    loads = sorted(p for (n, _), rows in got.items() if n == "load"
                   for p in rows)
    assert loads == [(i, i) for i in range(40)], loads


@in_folder
def huggingface(top):
    """transformers: a Trainer with the callback"""
    out, _ = script("""
import json, torch
from transformers import Trainer, TrainingArguments
from knotmeter.huggingface import KnotmeterCallback
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__(); self.w = torch.nn.Linear(2, 1)
    def forward(self, x, labels):
        return {"loss": ((self.w(x)[:, 0] - labels) ** 2).mean()}
data = [{"x": torch.tensor([float(i), 1.0]), "labels": torch.tensor(float(i))}
        for i in range(32)]
args = TrainingArguments("out", max_steps=20, logging_steps=2, eval_steps=10,
    eval_strategy="steps", save_steps=10, report_to=[], use_cpu=True,
    disable_tqdm=True, learning_rate=0.01)
t = Trainer(Net(), args, train_dataset=data, eval_dataset=data[:8],
            callbacks=[KnotmeterCallback(project="hf", id="t")])
t.train()
print("HIST" + json.dumps(t.state.log_history))
""", top, python=library("transformers"))
    import json
    history = json.loads(out.split("HIST")[1])
    got = points(top)
    want = [(r["step"], r["loss"]) for r in history if "loss" in r]
    assert got["train/loss", ""] == want and len(want) == 10, (want, got)
    assert got["eval/loss", ""] == [(r["step"], r["eval_loss"])
                                    for r in history if "eval_loss" in r]
    (run,) = imported(top)("runs")
    assert run["state"] == "finished" and run["project"] == "hf", run


@in_folder
def lightning(top):
    """Lightning: a Trainer with the logger"""
    script("""
import torch, lightning as L
from knotmeter.lightning import KnotmeterLogger
class Net(L.LightningModule):
    def __init__(self):
        super().__init__(); self.w = torch.nn.Linear(1, 1)
        self.save_hyperparameters({"width": 4})
    def training_step(self, batch, n):
        loss = self.w(batch[0]).pow(2).mean()
        self.log("train/loss", loss); self.log("train/n", float(n)); return loss
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 0.1)
data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(
    torch.ones(12, 1)), batch_size=1)
L.Trainer(max_epochs=1, accelerator="cpu", logger=KnotmeterLogger(project="pl"),
          log_every_n_steps=1, enable_progress_bar=False,
          enable_checkpointing=False, enable_model_summary=False).fit(Net(), data)
""", top, python=library("lightning"))
    got = points(top)
    assert got["train/n", ""] == [(i, i) for i in range(12)], got
    assert len(got["train/loss", ""]) == 12, got
    rows = imported(top)
    assert rows("runs")[0]["state"] == "finished"
    assert "width" in str(rows("runs", "--settings"))


@in_folder
def keras(top):
    """Keras: model.fit with the callback"""
    out, _ = script("""
import json, numpy as np, keras
from knotmeter.keras import KnotmeterCallback
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
x = np.ones((64, 2)); y = np.zeros((64, 1))
h = model.fit(x, y, epochs=4, batch_size=16, verbose=0, validation_split=0.25,
              callbacks=[KnotmeterCallback(project="k")])
print("HIST" + json.dumps(h.history))
""", top, python=library("keras"))
    import json
    history = json.loads(out.split("HIST")[1])
    got = points(top)
    assert [v for _, v in got["train/loss", ""]] == history["loss"], got
    assert [v for _, v in got["val/loss", ""]] == history["val_loss"], got


@in_folder
def accelerate(top):
    """accelerate: log_with the tracker"""
    script("""
from accelerate import Accelerator
from knotmeter.accelerate import KnotmeterTracker
a = Accelerator(cpu=True, log_with=KnotmeterTracker(project="acc"))
a.init_trackers("mine", config={"lr": 0.5})
for step in range(10):
    a.log({"loss": step / 3}, step=step)
a.end_training()
""", top, python=library("accelerate"))
    got = points(top)
    assert got["loss", ""] == [(s, s / 3) for s in range(10)], got


if __name__ == "__main__":
    try:
        package.light()
    except Skip as why:
        print(f"1..0 # SKIP {why}")
        sys.exit(0)
    shared.run(wandb_script, tensorboard_script, scalars, huggingface,
               lightning, keras, accelerate)
