"""What training reports can be read back from MLflow."""

import numpy as np
import pytest

from evenvae import tracking
from evenvae.training import Progress
from support import fast, people


def test_mlflow_keeps_options_and_curves(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("alembic")
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    table = people().rename(columns={"income": "income (€)", "since": "income [€]"})
    tracker = tracking.MLflow(uri, experiment="people", run="first", tags={"why": "test"})
    model = fast(ensemble=2).fit(table, callbacks=(tracker,))
    client = mlflow.tracking.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("people").experiment_id])
    assert run.info.run_name == "first"
    assert run.info.status == "FINISHED"
    assert run.data.tags["why"] == "test"
    assert run.data.params["balance"] == "power-norm[gamma=0.5]"
    assert run.data.params["batch_size"] == "32"
    last = model.history_[-1]
    curve = client.get_metric_history(run.info.run_id, "validation")
    assert [point.step for point in curve] == [r["step"] for r in model.history_]
    assert run.data.metrics["validation"] == pytest.approx(np.mean(last["validation"]))
    assert run.data.metrics["members/2/loss"] == pytest.approx(last["loss"][1])
    # two names that MLflow does not tell apart stay two metrics
    losses = np.mean(last["column_losses"], axis=0)
    assert run.data.metrics["loss/income ___"] == pytest.approx(losses[1])
    assert run.data.metrics["loss/income ____2"] == pytest.approx(losses[5])


def test_an_interrupted_run_is_marked_killed_and_a_failing_server_stops_nothing(tmp_path, caplog, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("alembic")
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    tracker = tracking.MLflow(uri)
    report = Progress(10, 30, {"step": 10, "loss": [1.0], "stopped": [False]}, 0.0, 0.0)
    tracker(report)
    tracker.close()
    client = mlflow.tracking.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("evenvae").experiment_id])
    assert run.info.status == "KILLED"

    def fail(*arguments, **options):
        raise ConnectionError("the server has gone")

    monkeypatch.setattr(tracker.client, "log_batch", fail)
    tracker(report)
    tracker(report)
    assert sum("the server has gone" in entry.message for entry in caplog.records) == 1
