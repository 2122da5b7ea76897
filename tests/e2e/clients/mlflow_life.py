"""mlflow_life.py - the tracking life of a stock MLflow client.

Knows nothing of the server: MLFLOW_TRACKING_URI and MLFLOW_TRACKING_TOKEN say
where it is. Prints one JSON line: what passed.
"""
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import sys
import tempfile

import mlflow
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

MAJOR = int(mlflow.__version__.split(".", maxsplit=1)[0])
client = MlflowClient()
passed = []


def done(name):
    """One more thing that a client does has worked."""
    passed.append(name)


def fails(code, call, *args, **named):
    """The call raises MLflow's exception with this code; its words."""
    try:
        call(*args, **named)
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return str(error)
    raise AssertionError(f"{call.__name__} did not raise {code}")


def experiments():
    """made, found, named anew, tagged, deleted, restored, searched"""
    assert client.get_experiment_by_name("speech") is None
    one = client.create_experiment("speech", tags={"team": "audio"})
    fails("RESOURCE_ALREADY_EXISTS", client.create_experiment, "speech")
    fails("RESOURCE_DOES_NOT_EXIST", client.get_experiment, "12345")
    found = client.get_experiment_by_name("speech")
    assert found.experiment_id == one and found.tags["team"] == "audio"
    assert found.lifecycle_stage == "active" and found.creation_time > 0
    client.set_experiment_tag(one, "note", "it's ünï")
    client.rename_experiment(one, "speech 2")
    assert client.get_experiment(one).name == "speech 2"
    assert client.get_experiment(one).tags["note"] == "it's ünï"
    client.delete_experiment(one)
    assert client.get_experiment(one).lifecycle_stage == "deleted"
    assert "speech 2" not in [e.name for e in client.search_experiments()]
    gone = client.search_experiments(view_type=ViewType.DELETED_ONLY)
    assert [e.name for e in gone] == ["speech 2"], gone
    client.restore_experiment(one)
    for i in range(4):
        client.create_experiment(f"many-{i}", tags={"i": str(i)})
    got = client.search_experiments(filter_string="name LIKE 'many-%'",
                                    order_by=["name DESC"], max_results=3)
    assert [e.name for e in got] == ["many-3", "many-2", "many-1"], got
    more = client.search_experiments(filter_string="name LIKE 'many-%'",
                                     order_by=["name DESC"], max_results=3,
                                     page_token=got.token)
    assert [e.name for e in more] == ["many-0"] and not more.token
    got = client.search_experiments(filter_string="tags.i = '2'")
    assert [e.name for e in got] == ["many-2"]


def run_of_a_script():
    """a training script as the handbook has it, with a nested run"""
    mlflow.set_experiment("train")
    with mlflow.start_run(run_name="parent", tags={"who": "me"},
                          description="a run") as parent:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"layers": 3, "act": "relu", "none": None})
        for step in range(50):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
            mlflow.log_metrics({"acc": step / 50, "lr": 0.1}, step=step)
        mlflow.log_metric("odd/name 1.x-y", math.nan, step=1)
        mlflow.log_metric("odd/name 1.x-y", math.inf, step=2)
        mlflow.log_metric("odd/name 1.x-y", -math.inf, step=3)
        mlflow.set_tag("best", True)
        mlflow.set_tags({"a": 1, "b": "x" * 4000})
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metric("loss", 2.0, step=7)
    got = client.get_run(parent.info.run_id)
    assert got.info.status == "FINISHED" and got.info.run_name == "parent"
    assert got.info.end_time >= got.info.start_time > 0
    assert got.data.params == {"lr": "0.1", "layers": "3", "act": "relu",
                               "none": "None"}, got.data.params
    assert got.data.metrics["loss"] == 1 / 50
    assert got.data.metrics["acc"] == 49 / 50
    assert got.data.metrics["odd/name 1.x-y"] == -math.inf
    assert got.data.tags["best"] == "True" and got.data.tags["who"] == "me"
    assert len(got.data.tags["b"]) == 4000
    assert got.data.tags["mlflow.note.content"] == "a run"
    inner = client.get_run(child.info.run_id)
    assert inner.data.tags["mlflow.parentRunId"] == parent.info.run_id
    history = client.get_metric_history(parent.info.run_id, "loss")
    assert [(m.step, m.value) for m in history] == [
        (i, 1 / (i + 1)) for i in range(50)]
    assert all(abs(m.timestamp / 1000 - got.info.start_time / 1000) < 600
               for m in history)
    odd = [m.value for m in client.get_metric_history(parent.info.run_id,
                                                      "odd/name 1.x-y")]
    assert math.isnan(odd[0]) and odd[1:] == [math.inf, -math.inf], odd
    assert client.get_metric_history(parent.info.run_id, "nothing") == []


def batches_and_refusals():
    """batches; params that may not change; what is missing or deleted"""
    one = client.get_experiment_by_name("train").experiment_id
    run = client.create_run(one, tags={"kind": "batch"}).info.run_id
    points = [Metric(f"m{i % 10}", float(i), 1600000000000 + i, i)
              for i in range(1000)]
    client.log_batch(run, metrics=points, params=[Param("p", "1")],
                     tags=[RunTag("t", "1")])
    client.log_batch(run, metrics=points, params=[Param("p", "1")])  # again
    history = client.get_metric_history(run, "m3")
    assert len(history) == 100, len(history)
    assert [m.timestamp for m in history[:2]] == [1600000000003, 1600000000013]
    words = fails("INVALID_PARAMETER_VALUE", client.log_param, run, "p", "2")
    assert "'p'" in words or "p" in words, words
    client.log_batch(run, metrics=[Metric("back", 1.0, 1600000000000, 5),
                                   Metric("back", 2.0, 1600000000001, 3),
                                   Metric("back", 3.0, 1600000000002, 3)])
    assert client.get_run(run).data.metrics["back"] == 1.0
    client.set_tag(run, "t", "2")
    assert client.get_run(run).data.tags["t"] == "2"
    client.delete_tag(run, "t")
    assert "t" not in client.get_run(run).data.tags
    fails("RESOURCE_DOES_NOT_EXIST", client.delete_tag, run, "t")
    client.set_terminated(run, "FAILED")
    assert client.get_run(run).info.status == "FAILED"
    client.update_run(run, status="RUNNING", name="renamed")
    assert client.get_run(run).info.run_name == "renamed"
    client.set_terminated(run, "KILLED")
    client.delete_run(run)
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    fails("INVALID_PARAMETER_VALUE", client.log_metric, run, "x", 1.0)
    assert run not in [r.info.run_id for r in client.search_runs([one])]
    client.restore_run(run)
    client.log_metric(run, "x", 1.0)
    fails("RESOURCE_DOES_NOT_EXIST", client.get_run, "0" * 32)
    fails("RESOURCE_DOES_NOT_EXIST", client.create_run, "99")


def searches():
    """filters and orders, over pages"""
    one = client.create_experiment("search")
    for i in range(12):
        run = client.create_run(one, run_name=f"r{i:02}").info.run_id
        client.log_param(run, "opt", "adam" if i % 2 else "sgd")
        client.log_param(run, "odd key", str(i))
        client.log_metric(run, "loss", 1.0 - i / 20, step=3)
        client.log_metric(run, "val/acc", i / 10)
        if i == 5:
            client.set_tag(run, "best", "yes")
        client.set_terminated(run, "FINISHED" if i < 9 else "FAILED")

    def names(text="", **more):
        return [r.info.run_name
                for r in client.search_runs([one], text, **more)]
    assert names("metrics.loss < 0.6 and params.opt = 'adam'",
                 order_by=["metrics.loss ASC"]) == ["r11", "r09"]
    assert names('metrics.`val/acc` >= 1.0 AND attributes.status = "FAILED"',
                 order_by=["attributes.run_name"]) == ["r10", "r11"]
    assert names("params.`odd key` = '3'") == ["r03"]
    assert names("tags.best = 'yes'") == ["r05"]
    assert names("params.opt LIKE 'ad%' and metrics.loss > 0.8",
                 order_by=["metrics.loss DESC"]) == ["r01", "r03"]
    assert names("params.opt ILIKE 'SG_' and status != 'FINISHED'") == ["r10"]
    assert names("run_name = 'r07'") == ["r07"]
    assert names("tags.nothing = 'x'") == []
    assert names("start_time > 0", order_by=["params.`odd key` DESC"])[0] == \
        "r09"
    assert names(order_by=["tags.best ASC", "run_name DESC"])[:2] == \
        ["r05", "r11"]
    got, token = [], None
    while True:
        page = client.search_runs([one], order_by=["run_name"], max_results=5,
                                  page_token=token)
        got += [r.info.run_name for r in page]
        token = page.token
        if not token:
            break
    assert got == [f"r{i:02}" for i in range(12)], got
    fails("INVALID_PARAMETER_VALUE", client.search_runs, [one], "loss <")
    fails("INVALID_PARAMETER_VALUE", client.search_runs, [one], "loss = 1")
    table = mlflow.search_runs(experiment_names=["search"],
                               filter_string="metrics.loss < 0.5")
    assert len(table) == 1 and table["params.opt"][0] == "adam", table


def artifacts():
    """files and folders: put, listed, fetched, read back"""
    mlflow.set_experiment("files")
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        big = os.path.join(folder, "big.bin")
        with open(big, "wb") as file:
            file.write(os.urandom(3 << 20))
        mlflow.log_artifact(big)
        open(os.path.join(folder, "empty"), "wb").close()
        mlflow.log_artifact(os.path.join(folder, "empty"), "a/b c")
        mlflow.log_text("ünï", "notes/héllo 1+2.txt")
        mlflow.log_dict({"x": 1}, "d.json")
        mlflow.log_artifacts(folder, "all")
        here = [(f.path, f.is_dir, f.file_size)
                for f in client.list_artifacts(run.info.run_id)]
        assert sorted(here) == [("a", True, None), ("all", True, None),
                                ("big.bin", False, 3 << 20),
                                ("d.json", False, 12),
                                ("notes", True, None)], here
        inner = [f.path for f in client.list_artifacts(run.info.run_id,
                                                       "notes")]
        assert inner == ["notes/héllo 1+2.txt"], inner
        got = client.download_artifacts(run.info.run_id, "big.bin", folder)
        with open(got, "rb") as a, open(big, "rb") as b:
            assert a.read() == b.read()
        uri = run.info.artifact_uri + "/notes/héllo 1+2.txt"
        if MAJOR >= 3:
            assert mlflow.artifacts.load_text(
                run.info.artifact_uri + "/d.json").startswith("{")
        whole = mlflow.artifacts.download_artifacts(
            run_id=run.info.run_id, artifact_path="", dst_path=os.path.join(
                folder, "back"))
        with open(os.path.join(whole, "notes", "héllo 1+2.txt"),
                  encoding="utf-8") as file:
            assert file.read() == "ünï", uri
    assert client.list_artifacts(run.info.run_id, "no/where") == []


def data_sets():
    """inputs of a run"""
    import numpy  # pylint: disable=import-outside-toplevel
    mlflow.set_experiment("data")
    with mlflow.start_run() as run:
        mlflow.log_input(mlflow.data.from_numpy(numpy.arange(10.0),
                                                name="ten"), context="train")
        mlflow.log_metric("loss", 1.0)
    got = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert [(i.dataset.name, i.tags[0].value) for i in got] == [
        ("ten", "train")], got
    one = client.get_experiment_by_name("data").experiment_id
    found = client.search_runs([one], "datasets.name = 'ten'")
    assert [r.info.run_id for r in found] == [run.info.run_id]
    assert not client.search_runs([one], "datasets.name = 'six'")


def autolog():
    """autolog of scikit-learn, and the model it logged"""
    from sklearn.linear_model import (  # pylint: disable=C0415
        LogisticRegression)
    mlflow.set_experiment("sklearn")
    mlflow.sklearn.autolog(log_datasets=False)
    with mlflow.start_run() as run:
        model = LogisticRegression(C=0.5).fit([[0.0], [1.0], [2.0], [3.0]],
                                              [0, 0, 1, 1])
    mlflow.sklearn.autolog(disable=True)
    got = client.get_run(run.info.run_id)
    assert got.data.params["C"] == "0.5", got.data.params
    assert got.data.metrics["training_score"] == 1.0
    if MAJOR >= 3:
        models = client.search_logged_models(
            [client.get_experiment_by_name("sklearn").experiment_id])
        assert len(models) == 1 and models[0].source_run_id == run.info.run_id
        assert str(models[0].status) == "READY" or "READY" in str(
            models[0].status)
        uri = models[0].model_uri
        client.set_logged_model_tags(models[0].model_id, {"k": "v"})
        again = client.get_logged_model(models[0].model_id)
        assert again.tags["k"] == "v" and again.name == models[0].name
        client.delete_logged_model_tag(models[0].model_id, "k")
        assert "k" not in client.get_logged_model(models[0].model_id).tags
        with mlflow.start_run(run_id=run.info.run_id):
            mlflow.log_metric("after", 0.5, model_id=models[0].model_id)
        again = client.get_logged_model(models[0].model_id)
        assert [(m.key, m.value) for m in again.metrics or []
                if m.key == "after"] == [("after", 0.5)], again.metrics
    else:
        uri = f"runs:/{run.info.run_id}/model"
        assert "mlflow.log-model.history" in got.data.tags
    loaded = mlflow.sklearn.load_model(uri)
    assert list(loaded.predict([[0.0], [3.0]])) == list(
        model.predict([[0.0], [3.0]]))


def what_is_not_there():
    """no registry, no traces: said in MLflow's own shape"""
    try:
        client.create_registered_model("m")
        raise AssertionError("there is a registry?")
    except MlflowException as error:
        assert "registry" in str(error), error


if __name__ == "__main__":
    for part in (experiments, run_of_a_script, batches_and_refusals, searches,
                 artifacts, data_sets, autolog, what_is_not_there):
        if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
            part()
            done(part.__doc__)
    print(json.dumps({"version": mlflow.__version__, "passed": passed}))
