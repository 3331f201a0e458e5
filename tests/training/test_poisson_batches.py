"""Poisson sampling: every row by its own chance, the same rows for the same key, and none left out."""

import numpy as np
import pytest
from scipy import stats

from evenvae.training.poisson_batches import PoissonStream, whole_pieces
from evenvae.training.private_step import PIECE


def test_every_row_is_drawn_with_its_own_chance():
    stream = PoissonStream(np.arange(200), 0.1, (3, 4))
    drawn = np.zeros((2000, 200), bool)
    for step in range(2000):
        drawn[step, stream.drawn(step)] = True
    sizes = drawn.sum(axis=1)
    assert sizes.mean() == pytest.approx(20, abs=0.4)
    # of a binomial, where a shuffled table would have batches of one size
    assert sizes.var() == pytest.approx(200 * 0.1 * 0.9, rel=0.12)
    counts = drawn.sum(axis=0)
    assert stats.chisquare(counts).pvalue > 1e-3
    pairs = np.corrcoef(drawn[:, :20].T)[np.triu_indices(20, 1)]
    assert abs(pairs.mean()) < 0.01


def test_steps_are_the_same_however_they_are_asked_for():
    stream = PoissonStream(np.arange(100, 300), 0.2).of_run(np.array([7, 8], np.uint32))
    whole = stream.steps(0, 6)
    again = np.concatenate([PoissonStream(np.arange(100, 300), 0.2, (7, 8)).steps(start, 2) for start in (0, 2, 4)])
    np.testing.assert_array_equal(whole, again)
    assert not np.array_equal(whole, stream.of_run((7, 9)).steps(0, 6))
    for rows in whole:
        here = rows[rows >= 0]
        assert len(set(here)) == len(here)
        assert set(here) <= set(range(100, 300))
        assert (rows[len(here) :] == -1).all()


def test_no_row_is_left_out_where_more_are_drawn_than_there_are_places(monkeypatch):
    monkeypatch.setattr("evenvae.training.poisson_batches.ROOM", -2.0)
    stream = PoissonStream(np.arange(1000), 0.2, (1, 1))
    found = stream.steps(0, 5)
    assert stream.places < found.shape[1]
    assert found.shape[1] % PIECE == 0
    for step, rows in enumerate(found):
        np.testing.assert_array_equal(rows[rows >= 0], stream.drawn(step))


def test_places_are_whole_pieces():
    assert [whole_pieces(rows) for rows in (0, 1, PIECE, PIECE + 1)] == [PIECE, PIECE, PIECE, 2 * PIECE]
