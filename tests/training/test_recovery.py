"""Runs that diverge go back and learn at a lower rate; others never notice."""

import logging

import numpy as np
import pytest

from evenvae.training import OptimiserSettings, train
from evenvae.training.recovery import FACTOR, MOST_RETRIES, advance, lowered, retries_of
from evenvae.training.runs import Log, Run
from training_support import same, setup

WILD = OptimiserSettings(learning_rate=30.0, total_steps=60)


def wild(mixed, **options):
    arguments = list(setup(mixed, steps=60, chunk=20, **options))
    arguments[6] = WILD
    return arguments


@pytest.fixture(scope="module")
def whole(mixed):
    return train(*wild(mixed))


def test_a_run_that_diverges_goes_back_and_learns(whole):
    assert not whole.runs.failed.any()
    assert np.isfinite(whole.runs.params).all()
    assert whole.history[0]["retries"][0] >= 1
    assert np.isfinite(whole.history[-1]["loss"]).all()


def test_it_goes_on_from_a_checkpoint_as_undisturbed(mixed, whole, tmp_path):
    def stop(progress):
        if progress.step == 20:
            raise KeyboardInterrupt

    assert train(*wild(mixed), callbacks=(stop,), folder=tmp_path).interrupted
    resumed = train(*wild(mixed), folder=tmp_path, resume=True)
    same(resumed.runs, whole.runs)
    assert resumed.history == whole.history


def test_a_run_that_never_diverges_trains_by_the_same_program(mixed):
    out = train(*setup(mixed, steps=20, chunk=10))
    assert all("retries" not in record for record in out.history)


def states(failed, loss):
    """Two runs after a chunk."""
    zeros = np.zeros(2)
    params = np.asarray(loss, float)[:, None]
    run = Run(params, (), (), zeros, zeros, zeros, np.array(failed), np.array(failed), params, (), zeros, zeros, zeros)
    return run, Log(np.asarray(loss), zeros, zeros, (), {})


def first_step(before, number, optimiser):
    """The loss at the beginning of the chunk is 4 for both runs."""
    assert number == 0
    return states([False, False], [4.0, 4.0])


@pytest.mark.parametrize(("loss", "failed"), [(np.nan, True), (1e12, False)])
def test_only_the_run_that_diverged_gets_another_rate(loss, failed, caplog):
    asked = []

    def ask(optimiser):
        asked.append(optimiser.learning_rate)
        again = len(asked) > 1
        return states([False, failed and not again], [1.0 + again, 3.0 if again else loss])

    before, _ = states([False, False], [0.0, 0.0])
    with caplog.at_level(logging.WARNING):
        after, log, retries = advance(
            ask, first_step, before, OptimiserSettings(1.0), np.zeros(2, int), [{"loss": [5.0, 5.0]}]
        )
    assert asked == [1.0, FACTOR]
    assert retries.tolist() == [0, 1]
    np.testing.assert_array_equal(after.params[:, 0], [1.0, 3.0])
    np.testing.assert_array_equal(log.loss, [1.0, 3.0])
    assert "run 1 diverged" in caplog.text


def test_it_goes_back_a_bounded_number_of_times():
    before, _ = states([False, False], [0.0, 0.0])
    asked = []

    def ask(optimiser):
        asked.append(optimiser.learning_rate)
        return states([True, False], [np.nan, 1.0])

    after, _, retries = advance(ask, first_step, before, OptimiserSettings(1.0), np.zeros(2, int), [])
    assert len(asked) == 1 + MOST_RETRIES
    assert after.failed.tolist() == [True, False]
    assert retries.tolist() == [MOST_RETRIES, 0]
    assert retries_of([{"retries": [3, 0]}], 2).tolist() == [3, 0]
    assert lowered(WILD, 0) is WILD


def test_runs_that_have_stopped_do_not_go_back():
    before = states([False, True], [0.0, 0.0])[0]
    asked = []
    ask = lambda optimiser: asked.append(optimiser) or states([False, True], [1.0, np.nan])
    advance(ask, first_step, before, OptimiserSettings(1.0), np.zeros(2, int), [])
    assert len(asked) == 1
