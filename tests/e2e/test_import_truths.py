"""test_import_truths.py - every value of the shared logs, against their truths.

Runs ../shared/tools/check_import.py for one format after the other.
"""
# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

from shared import KM, need_shared, run

FORMATS = ("nanogpt_log", "mllog", "tfevents", "tfevents_damaged", "wandb",
           "trainer_state",
           "mlflow_db", "mlruns", "csv",
           "lm_eval")


def check(name):
    """A test function for one format."""
    def test():
        tool = need_shared("tools", "check_import.py")
        logs = need_shared("data", "logs")
        done = subprocess.run(
            [sys.executable, tool, "--km", KM, "--data", logs, "--format",
             name, "--verbose"], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)
        last = done.stdout.strip().splitlines()[-1]
        if done.returncode:
            raise AssertionError(done.stdout[-4000:])
        print(f"# {name}: {last}")
    test.__doc__ = f"every value of {name} is as its truth says"
    return test


run(*map(check, FORMATS))
