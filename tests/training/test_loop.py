"""The loop: side by side as alone, resumed as undisturbed, stopped cleanly."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from evenvae.errors import TrainingError
from evenvae.io.watching import TRAINING, watched
from evenvae.models.packed import PackedTable
from evenvae.training import OptimiserSettings, train
from training_support import same, setup


def test_training_learns_and_tells_how_far_it_is(mixed):
    seen = []
    with watched(lambda *said: seen.append(said)):
        out = train(*setup(mixed, steps=300, chunk=100))
    assert [said for said in seen if said[0] == TRAINING] == [(TRAINING, done, 300) for done in (100, 200, 300)]
    assert out.history[-1]["loss"][0] < out.history[0]["loss"][0]
    assert out.history[-1]["best"][0] < out.history[0]["validation"][0]


def test_same_seed_same_result(mixed):
    same(train(*setup(mixed)).runs, train(*setup(mixed)).runs)


def test_patience_stops_and_the_best_state_is_kept(mixed):
    arguments = list(setup(mixed, steps=400, chunk=10, patience=3))
    arguments[6] = OptimiserSettings(learning_rate=0.05, schedule="constant", total_steps=400)
    out = train(*arguments)
    assert out.runs.stopped.all()
    assert out.history[-1]["step"] < 400
    figures = [r["validation"][0] for r in out.history]
    assert out.runs.best_value[0] == pytest.approx(min(figures), rel=1e-6)
    assert out.runs.best_step[0] == out.history[int(np.argmin(figures))]["step"]


def test_a_run_that_turns_non_finite_names_its_column(mixed):
    arguments = list(setup(mixed, steps=100, chunk=20, max_bad_steps=5))
    data = arguments[2]
    table = np.array(data.table.rows)
    table[:, 2] = np.inf  # the third block is the count column 'c'
    arguments[2] = data._replace(table=PackedTable(table))
    with pytest.raises(TrainingError, match="the cause lies in 'c': look"):
        train(*arguments)


def test_linear_algebra_has_one_thread_while_a_run_trains(mixed):
    threads = lambda: {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    seen = []
    with threadpool_limits(2, user_api="blas"):
        before = threads()
        train(*setup(mixed), callbacks=(lambda progress: seen.append(threads()),))
        assert threads() == before
    assert seen
    assert all(found == {1} for found in seen)
