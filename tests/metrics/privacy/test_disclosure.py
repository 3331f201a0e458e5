"""Disclosure where drawn rows are copies, where they are none, and the guess against a loop."""

import numpy as np
import pytest

from evenvae.metrics.privacy import MixedDistance, disclosure
from evenvae.metrics.privacy.disclosure import guess_errors

DISCRETE = np.array([False, False, True, True])


def rows(generator, count, missing=0.0):
    values = np.column_stack([generator.normal(size=(count, 2)), generator.integers(0, 5, (count, 2))])
    return np.where(generator.random(values.shape) < missing, np.nan, values)


def test_the_guess_is_the_cell_of_the_nearest_row_in_the_other_columns():
    generator = np.random.default_rng(0)
    asked, drawn = rows(generator, 12), rows(generator, 20)
    distance = MixedDistance.of(asked, DISCRETE)
    found = guess_errors(asked, drawn, distance)
    for d in range(4):
        others = np.delete(np.arange(4), d)
        apart = MixedDistance(DISCRETE[others], distance.center[others], distance.scale[others])
        guess = drawn[apart.nearest(asked[:, others], drawn[:, others]).row, d]
        if DISCRETE[d]:
            expected = guess != asked[:, d]
        else:
            expected = np.minimum(np.abs(guess - asked[:, d]) / distance.scale[d], 1)
        np.testing.assert_allclose(found[:, d], expected, atol=1e-12)


def test_copies_disclose_every_column_and_new_rows_none():
    generator = np.random.default_rng(1)
    train, holdout, new = (rows(generator, 600) for _ in range(3))
    distance = MixedDistance.of(train, DISCRETE)
    copied = disclosure(train, train, holdout, distance)
    assert np.allclose(copied.train_error, 0)
    assert copied.holdout_error[2:] == pytest.approx([0.8, 0.8], abs=0.06)
    assert (copied.advantage > 10 * copied.standard_error).all()
    drawn = disclosure(new, train, holdout, distance)
    assert (np.abs(drawn.advantage) < 4 * drawn.standard_error).all()
    # of a share of 0.8, over as many rows of either
    assert drawn.standard_error[2] == pytest.approx((2 * 0.8 * 0.2 / 600) ** 0.5, rel=0.1)


def test_missing_cells_are_not_asked_for():
    generator = np.random.default_rng(2)
    train, holdout = rows(generator, 50), rows(generator, 50)
    train[::3, 2], holdout[::4, 2] = np.nan, np.nan
    train[:, 3] = np.nan
    found = disclosure(train, train, holdout, MixedDistance.of(train, DISCRETE))
    assert np.allclose(found.train_error[:3], 0)
    assert np.isnan(found.train_error[3])
    assert np.isnan(found.advantage[3])
