"""Draws of columns whose values repeat."""

import numpy as np
import pytest

from evenvae.likelihoods import Categorical, Histogram, Normal
from evenvae.likelihoods.monotone import Monotone
from evenvae.models import Layout
from evenvae.models.repeated_values import MOST_VALUES, ROWS_EACH, RepeatedValues

ROWS = 6000


@pytest.fixture
def prices():
    """Whole numbers of which every fifth is ten times as frequent."""
    rng = np.random.default_rng(0)
    values = np.arange(20.0, 80.0)
    weight = np.where(values % 5 == 0, 10.0, 1.0)
    return rng.choice(values, ROWS, p=weight / weight.sum())


def fitted(*columns):
    return RepeatedValues.fit(Layout.of([Normal()] * len(columns)), columns)


def test_draws_become_values_as_often_as_the_table_has_them(prices):
    drawn = np.random.default_rng(1).normal(prices.mean(), prices.std(), (ROWS, 1))
    moved = fitted(prices).moved(drawn)[:, 0]
    assert set(np.unique(moved)) <= set(np.unique(prices))
    inside = (moved > 25) & (moved < 75)
    share = (moved[inside] % 5 == 0).mean()
    expected = (prices[(prices > 25) & (prices < 75)] % 5 == 0).mean()
    # five standard errors of a share over some 4000 rows
    assert share == pytest.approx(expected, abs=0.04)


def test_a_draw_stays_near_where_it_was(prices):
    drawn = np.linspace(22, 78, 500)[:, None]
    # ten and a bit of sixty-four quantiles lie between two round numbers, which hold most of the rows
    assert np.abs(fitted(prices).moved(drawn) - drawn).max() < 5
    assert (np.diff(fitted(prices).moved(drawn)[:, 0]) >= 0).all()


def test_values_of_the_table_with_many_rows_stay(prices):
    values = np.unique(prices)
    frequent = values[values % 5 == 0]
    np.testing.assert_array_equal(fitted(prices).moved(frequent[:, None])[:, 0], frequent)


def test_values_that_hardly_repeat_are_not_copied():
    rng = np.random.default_rng(0)
    real, fine = rng.normal(size=ROWS), np.round(rng.normal(0, 4000, ROWS))
    assert np.unique(fine).size > ROWS / ROWS_EACH
    repeated = fitted(real, fine)
    assert repeated.places.size == 0
    drawn = rng.normal(size=(10, 2))
    np.testing.assert_array_equal(repeated.moved(drawn), drawn)


def test_only_numbers_of_families_that_do_not_know_their_values_are_moved(prices):
    layout = Layout.of([Categorical(levels=80), Histogram(), Monotone(), Normal()])
    constant = np.full(ROWS, 3.0)
    repeated = RepeatedValues.fit(layout, [prices, prices, prices, constant])
    assert repeated.places.tolist() == [2]
    assert repeated.values.shape == (1, MOST_VALUES)


def test_missing_cells_stay_missing(prices):
    assert np.isnan(fitted(prices).moved(np.array([[np.nan]]))).all()
