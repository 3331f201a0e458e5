"""What training reports can be read back from the files of TensorBoard."""

import numpy as np
import pytest

from evenvae import GECO, InputError, tracking
from evenvae.training import Progress
from support import fast, people


def test_tensorboard_reads_what_was_trained(tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    model = fast(epochs=12, objective=GECO(constraint="column"), ensemble=2)
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


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="Cannot write TensorBoard's files"):
        tracking.TensorBoard(tmp_path / "file")
