"""mlflow_script.py - a training script written for MLflow, as people have them:
nothing in it knows where its runs go.
"""
# SPDX-License-Identifier: Apache-2.0
import math
import random

import mlflow

random.seed(7)
mlflow.set_experiment("two-moons")
for lr in (0.1, 0.2):
    with mlflow.start_run(run_name=f"lr-{lr}"):
        mlflow.log_params({"lr": lr, "batch_size": 32})
        for step in range(0, 400, 4):
            loss = 1 + 2 * (1 + lr * step) ** -0.5 + random.gauss(0, 0.01)
            mlflow.log_metrics({"train_loss": loss,
                                "accuracy": math.exp(-loss)}, step=step)
