"""Runs to disk and back: a resumed run is an undisturbed one; what does not fit is refused."""

import numpy as np
import pytest

from evenvae.errors import InputError
from evenvae.io import tensors
from evenvae.training import checkpoint, train
from training_support import same, setup


@pytest.mark.parametrize("balance", [None, "imtl-g+pcgrad"], ids=["plain", "balanced"])
def test_a_resumed_run_equals_an_undisturbed_one(mixed, tmp_path, balance):
    whole = train(*setup(mixed, balance=balance))

    def interrupt(progress):
        if progress.step == 20:
            raise KeyboardInterrupt

    stopped = train(*setup(mixed, balance=balance), callbacks=(interrupt,), folder=tmp_path, fingerprint="x")
    assert stopped.interrupted
    assert stopped.history[-1]["step"] == 20
    again = train(*setup(mixed, balance=balance), folder=tmp_path, resume=True, fingerprint="x")
    same(again.runs, whole.runs)
    assert [r["step"] for r in again.history] == [r["step"] for r in whole.history]
    assert again.history[-1]["loss"] == whole.history[-1]["loss"]


def test_a_checkpoint_of_other_settings_is_refused(mixed, tmp_path):
    train(*setup(mixed), folder=tmp_path, fingerprint="x")
    with pytest.raises(InputError, match="other data or other settings"):
        train(*setup(mixed), folder=tmp_path, resume=True, fingerprint="y")


def test_a_checkpoint_of_an_earlier_version_is_refused(mixed, tmp_path):
    arguments = setup(mixed)
    earlier = {".params.model.trunk": arguments[0].params}
    tensors.write(tmp_path / checkpoint.NAME, checkpoint.KIND, 1, earlier, {"fingerprint": "x", "history": []})
    with pytest.raises(InputError, match="made by an earlier version of EvenVAE"):
        train(*arguments, folder=tmp_path, resume=True, fingerprint="x")


def test_a_cut_checkpoint_is_refused(mixed, tmp_path):
    train(*setup(mixed), folder=tmp_path, fingerprint="x")
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match="cut short"):
        train(*setup(mixed), folder=tmp_path, resume=True, fingerprint="x")


def test_a_checkpoint_of_another_type_or_history_is_refused(mixed, tmp_path):
    runs = setup(mixed)[0]
    history = [{"step": 0, "loss": [1.0]}]
    checkpoint.save(tmp_path, runs, "x", history)
    checkpoint.load(tmp_path, runs, "x")
    path = tmp_path / checkpoint.NAME
    whole, metadata = tensors.read(path, checkpoint.KIND, checkpoint.VERSION)
    rest = {"fingerprint": "x", "history": history}
    lost = np.full_like(whole[".best_params"], np.nan)
    for altered, said, match in (
        (whole | {".params": whole[".params"].astype(np.float64)}, metadata, "params is missing or of another"),
        (
            whole | {".best_params": lost},
            metadata,
            "not finite, in .best_params",
        ),
        (whole, rest | {"history": 3}, "does not fit its parameters"),
        (whole, rest | {"history": [{"step": 7}]}, "does not fit its parameters"),
        (whole, {"history": []}, "damaged or altered checkpoint"),
    ):
        tensors.write(path, checkpoint.KIND, checkpoint.VERSION, altered, said)
        with pytest.raises(InputError, match=match):
            checkpoint.load(tmp_path, runs, "x")
