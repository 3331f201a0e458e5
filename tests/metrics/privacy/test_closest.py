"""Closest records where it is known what was copied."""

import numpy as np
import pytest

from evenvae.metrics.privacy import MixedDistance, closest_records, copied_share, nearer_share
from evenvae.metrics.privacy.closest import is_copy

DISCRETE = np.array([False, False, True])


def rows(generator, count):
    return np.column_stack([generator.normal(size=(count, 2)), generator.integers(0, 3, count)])


@pytest.fixture
def world():
    generator = np.random.default_rng(3)
    train, holdout, generated = (rows(generator, 800) for _ in range(3))
    return train, holdout, generated, MixedDistance.of(train, DISCRETE)


def test_rows_of_the_population_look_like_hold_out_rows(world):
    train, holdout, generated, distance = world
    found = closest_records(generated, train, holdout, distance)
    assert found.close_share == pytest.approx(0.05, abs=0.025)
    assert abs(found.nearer_share - 0.5) < 3 * found.nearer_error
    assert found.nearer_error == pytest.approx(0.5 / 800**0.5, rel=0.01)
    assert found.generated_median == pytest.approx(found.holdout_median, rel=0.1)
    assert found.copied_share == found.holdout_copied_share == 0


def test_copies_are_found(world):
    train, holdout, generated, distance = world
    half = np.concatenate([train[:400], generated[:400]])
    found = closest_records(half, train, holdout, distance)
    assert found.copied_share == 0.5
    assert found.close_share == pytest.approx(0.525, abs=0.02)
    assert found.generated_5th == 0
    assert found.nearer_share == pytest.approx(0.75, abs=0.03)
    assert nearer_share(holdout, train, holdout, distance)[0] == 0


@pytest.mark.parametrize(("train_rows", "holdout_rows", "questions"), [(300, 800, 3), (800, 300, 4)])
def test_nobody_is_asked_twice(world, monkeypatch, train_rows, holdout_rows, questions):
    train, holdout, generated, distance = world
    train, holdout = train[:train_rows], holdout[:holdout_rows]
    expected = nearer_share(generated, train[:300], holdout[:300], distance)
    asked, original = [], MixedDistance.nearest
    monkeypatch.setattr(MixedDistance, "nearest", lambda own, *rows: asked.append(rows) or original(own, *rows))
    found = closest_records(generated, train, holdout, distance)
    assert (found.nearer_share, found.nearer_error) == expected
    assert len(asked) == questions


def test_of_many_equal_distances_a_twentieth_is_close():
    # a table of levels, where every hold-out row has a copy in the training table
    levels = np.random.default_rng(0).integers(0, 2, (500, 3)).astype(float)
    distance = MixedDistance.of(levels, np.ones(3, bool))
    found = closest_records(levels[:250], levels, levels[250:], distance)
    assert found.holdout_copied_share == found.copied_share == 1
    assert found.close_share == pytest.approx(0.05)


def test_a_copy_equals_in_every_cell_and_missing_cells_are_equal():
    train = np.array([[1.0, np.nan], [0.0, 2.0]])
    asked = np.array([[1.0, np.nan], [-0.0, 2.0], [0.0, np.nan], [1.0, 2.0]])
    assert is_copy(asked, train).tolist() == [True, True, False, False]
    assert copied_share(asked, train) == 0.5
