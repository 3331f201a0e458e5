"""What training says reaches TensorBoard and MLflow under the columns' names, and can be read back."""

import sys

import numpy as np
import pytest

from evenvae import EvenVAE, InputError, tracking
from evenvae.training import Progress
from support import FAST, people


@pytest.fixture
def no(monkeypatch):
    """Make a module impossible to find."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)


def record(members=1, constraints=2, step=10):
    by_column = [[1.0 + place, float("nan")] for place in range(members)]
    return {
        "step": step,
        "loss": [3.0 + place for place in range(members)],
        "column_losses": by_column,
        "kl": [float("inf")] * members,
        "validation": [0.5] * members,
        "validation_columns": by_column,
        "stopped": [False] * members,
        "multiplier": [[2.0] * constraints] * members,
    }


def test_figures_have_names():
    named = tracking.of_record(record(members=2), ["a", "b/c"])
    # means over members, by column where there is a value a column; nothing that is not finite
    assert named == {
        "loss": 3.5,
        "loss/a": 1.5,
        "validation": 0.5,
        "validation/a": 1.5,
        "multiplier/a": 2.0,
        "multiplier/b/c": 2.0,
    }
    assert tracking.of_record(record(constraints=1), ["a", "b"])["multiplier"] == 2.0
    assert tracking.of_members(record()) == []
    first, second = tracking.of_members(record(members=2))
    assert first == {"loss": 3.0, "validation": 0.5}
    assert second["loss"] == 4.0


def test_a_lone_column_is_told_from_the_total():
    lone = {"step": 1, "loss": [3.0], "column_losses": [[2.0]], "stopped": [False]}
    assert tracking.of_record(lone, ["image"]) == {"loss": 3.0, "loss/image": 2.0}


def test_tensorboard_reads_what_was_trained(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    options = {**FAST, "epochs": 12, "objective": "geco", "constraint": "column", "ensemble": 2}
    model = EvenVAE(**options)
    model.fit(people(), callbacks=(tracking.TensorBoard(tmp_path / "run"),))
    events = reader.EventAccumulator(str(tmp_path / "run")).Reload()
    steps = [r["step"] for r in model.history_]
    assert len(steps) > 1
    for tag, expected in (
        ("loss", [np.mean(r["loss"]) for r in model.history_]),
        ("kl", [np.mean(r["kl"]) for r in model.history_]),
        ("loss/income", [np.mean(r["column_losses"], axis=0)[1] for r in model.history_]),
        ("validation/city", [np.mean(r["validation_columns"], axis=0)[2] for r in model.history_]),
        ("multiplier/balance", [np.mean(r["multiplier"], axis=0)[6] for r in model.history_]),
    ):
        found = events.Scalars(tag)
        assert [event.step for event in found] == steps
        np.testing.assert_allclose([event.value for event in found], expected, rtol=1e-6)
    assert "_hparams_/session_start_info" in events.Tags()["tensors"]
    for place in (0, 1):
        own = reader.EventAccumulator(str(tmp_path / "run" / f"member {place + 1}")).Reload().Scalars("loss")
        np.testing.assert_allclose([e.value for e in own], [r["loss"][place] for r in model.history_], rtol=1e-6)


def test_a_second_fit_into_the_folder_takes_over_from_its_first_step(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    for steps, loss in (((10, 20, 30), 5.0), ((20, 30), 7.0)):
        tracker = tracking.TensorBoard(tmp_path)
        for step in steps:
            tracker(Progress(step, 30, {"step": step, "loss": [loss], "stopped": [False]}, 0.0, 0.0))
        tracker.close()
    found = reader.EventAccumulator(str(tmp_path)).Reload().Scalars("loss")
    assert [(event.step, event.value) for event in found] == [(10, 5.0), (20, 7.0), (30, 7.0)]


def test_mlflow_keeps_options_and_curves(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("alembic")
    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    table = people().rename(columns={"income": "income (€)", "since": "income [€]"})
    tracker = tracking.MLflow(uri, experiment="people", run="first", tags={"why": "test"})
    model = EvenVAE(**FAST, ensemble=2).fit(table, callbacks=(tracker,))
    client = mlflow.tracking.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("people").experiment_id])
    assert run.info.run_name == "first"
    assert run.info.status == "FINISHED"
    assert run.data.tags["why"] == "test"
    assert run.data.params["balance"] == "gradnorm+pcgrad"
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


def test_what_is_missing_or_wrong_is_said(tmp_path, no):
    for text in ("tensorboard", "tensorboard:", "wandb:x", ""):
        with pytest.raises(InputError, match="tensorboard:DIR"):
            tracking.parse(text)
    no("tensorboard")
    with pytest.raises(InputError, match=r"pip install 'evenvae\[tensorboard\]'"):
        tracking.parse(f"tensorboard:{tmp_path}")
    no("mlflow")
    with pytest.raises(InputError, match=r"pip install 'evenvae\[mlflow\]'"):
        tracking.parse("mlflow")


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="Cannot write TensorBoard's files"):
        tracking.TensorBoard(tmp_path / "file")
