"""Runs to disk and back: a resumed run is an undisturbed one; what does not fit is refused."""

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
