"""One fit on several devices and on several processes gives what one device gives."""

import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from devices_support import FITS, results, work
from evenvae import threefry
from evenvae.errors import InputError
from evenvae.training import Training
from evenvae.training.devices import Interruption, check_agreement, mesh_of
from support import fast, people


def agree(one: dict[str, np.ndarray], several: dict[str, np.ndarray]) -> None:
    """Parameters, losses and the balancer's weights of every step's end are the same up to rounding."""
    assert one.keys() == several.keys()
    for name, figure in one.items():
        np.testing.assert_allclose(several[name], figure, rtol=2e-4, atol=2e-5, err_msg=name)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """``fitted(fits, ...)``: results of the fits; see `devices_support.work`."""

    def fit(fits, devices=None, batch=32, **settings):
        out = tmp_path_factory.mktemp("fits") / "fits"
        work(out, fits, devices, batch, **settings)
        return out

    return fit


def test_four_devices_give_what_one_gives(fitted):
    one = results(fitted(["gradnorm+pcgrad"]))
    agree(one, results(fitted(["gradnorm+pcgrad"], 4, present=4)))
    # it is no accident of figures that nothing changes
    assert (np.ptp(one["gradnorm+pcgrad.gradient_weights"], axis=-1) > 0.1).all()


@pytest.mark.slow
def test_every_kind_of_fit_on_four_devices(fitted):
    agree(results(fitted(list(FITS))), results(fitted(list(FITS), 4, present=4)))


@pytest.mark.slow
def test_a_batch_need_not_divide_evenly(fitted):
    fits = ["plain", "imtl-g", "graddrop"]
    agree(results(fitted(fits, batch=30)), results(fitted(fits, 4, 30, present=4)))


@pytest.mark.slow
def test_two_processes_give_what_one_gives_and_the_first_writes(fitted):
    fits = ["plain", "power-norm", "gradnorm+pcgrad", "imtl-g"]
    out = fitted(fits, processes=2)
    one = results(fitted(fits))
    agree(one, results(out))
    agree(one, results(out.parent / "other" / out.name))
    written = {file.relative_to(out.parent).as_posix() for file in out.parent.rglob("*") if file.is_file()}
    states = {f"{name}.state/checkpoint.safetensors" for name in fits}
    assert written == {"fits.npz", "other/fits.npz"} | states | {f"{name}.evenvae" for name in fits}


@pytest.mark.slow
def test_two_processes_of_two_devices(fitted):
    agree(results(fitted(["imtl-g"])), results(fitted(["imtl-g"], processes=2, present=2)))


@pytest.mark.slow
def test_ctrl_c_of_one_process_ends_both_at_the_same_step(fitted):
    out = fitted(["plain"], processes=2, interrupt=True)
    first, second = results(out), results(out.parent / "other" / out.name)
    assert first["plain.interrupted"]
    assert second["plain.interrupted"]
    assert first["plain.steps"] == second["plain.steps"] > 0
    agree(first, second)


def test_random_numbers_do_not_depend_on_how_they_are_divided():
    """Threefry counts places, as JAX's own partitionable kind does; so every device draws its part of the whole."""
    assert jax.config.jax_threefry_partitionable  # pyright: ignore[reportAttributeAccessIssue]
    key = jax.random.key(3)
    for shape in ((1, 32, 3), (40, 7), (1024,)):
        np.testing.assert_array_equal(
            jax.jit(lambda key, shape=shape: jax.random.bits(threefry.wrap(key), shape))(key),
            jax.random.bits(key, shape),
        )


def test_devices_that_are_not_there_are_refused():
    with pytest.raises(InputError, match=r"training\.devices=2, but JAX has 1 here \(cpu\): give at most"):
        fast(training__devices=2).fit(people(60))
    with pytest.raises(InputError, match=r"training\.devices=0 must be a positive whole number"):
        Training(devices=0)


def test_runs_take_the_devices_that_batches_leave(monkeypatch):
    devices = np.array([jax.devices()[0]] * 8)
    monkeypatch.setattr(jax, "devices", lambda: list(devices))
    shape = lambda *asked: dict(mesh_of(*asked).shape)
    assert shape(1) == {"runs": 1}
    assert shape(6) == {"runs": 6}
    assert shape(1, 4) == {"runs": 1, "rows": 4}
    assert shape(5, 3) == {"runs": 1, "rows": 3}
    assert shape(6, 4) == {"runs": 2, "rows": 4}


def test_each_process_must_take_part(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: [jax.local_devices()[0]] * 4)
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    assert dict(mesh_of(2).shape) == {"runs": 1, "rows": 4}
    with pytest.raises(InputError, match=r"the 2 processes have 4 devices together, and each must take part"):
        mesh_of(1, 2)


def test_all_processes_end_where_one_is_asked_to(monkeypatch):
    other = [False]
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    together = lambda own: np.array([own, other[0]])
    monkeypatch.setattr("evenvae.training.devices.multihost_utils.process_allgather", together)
    usual = signal.getsignal(signal.SIGINT)
    interruption = Interruption()
    try:
        interruption.check()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interruption.check()
        interruption.asked, other[0] = False, True
        with pytest.raises(KeyboardInterrupt):
            interruption.check()
    finally:
        interruption.close()
    assert signal.getsignal(signal.SIGINT) is usual


def test_processes_that_begin_with_something_else_are_refused(monkeypatch):
    runs = {"params": np.arange(3.0)}
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr("evenvae.training.devices.multihost_utils.process_allgather", lambda own: np.stack([own, own]))
    check_agreement(runs, "table")
    other = lambda own: np.stack([own, own[::-1]])
    monkeypatch.setattr("evenvae.training.devices.multihost_utils.process_allgather", other)
    with pytest.raises(InputError, match="begin with different tables, options, seeds or checkpoints"):
        check_agreement(runs, "table")


def test_a_fit_goes_on_with_other_devices(tmp_path):
    """Devices are no part of what a checkpoint depends on."""
    table = people(120)
    whole = fast(epochs=3).fit(table, checkpoint=tmp_path)
    again = fast(epochs=3, training__devices=1).fit(table, checkpoint=tmp_path, resume=True)
    assert again.history_ == whole.history_
    assert jnp.asarray(again.transform(table) == whole.transform(table)).all()
