"""What values say of their grid and of the atoms among them."""

import numpy as np
import pytest

from evenvae.likelihoods.grids import grid_of, resolution, restored, shared_values, width_of


@pytest.mark.parametrize(
    ("values", "step"),
    [([1.0, 2.0, 7.0], 1.0), ([0.1, 0.3, 0.35], 0.05), ([0.1 + 0.2, 0.3, 0.4], 0.1), ([5.0, 5.0], 1.0), ([], 1.0)],
)
def test_the_resolution_is_the_smallest_distance(values, step):
    assert resolution(np.array(values)) == pytest.approx(step)


def test_the_grid_follows_the_decimals():
    assert grid_of(np.array([1.0, 3.0])) == 1
    assert grid_of(np.array([1.25, 3.5])) == 0.01


def test_a_value_is_as_wide_as_its_step_or_as_the_narrowest_normal():
    assert width_of(np.array([10.0, 3000.0])) == 1
    values = np.random.default_rng(0).normal(0, 50, 300)
    assert width_of(values) == pytest.approx((2 * np.pi) ** 0.5 * 0.05, rel=0.1)


def test_atoms_stand_out_from_the_values_beside_them():
    rng = np.random.default_rng(0)
    hours = np.where(rng.random(3000) < 0.4, 40.0, np.round(rng.normal(42, 12, 3000)))
    assert shared_values(hours, 4).tolist() == [40]
    # every value of a coarse grid is frequent, and none of them stands out
    assert shared_values(rng.integers(0, 12, 3000).astype(float), 4).size == 0
    assert shared_values(np.full(50, 3.0), 4).size == 0


def test_the_commonest_atoms_are_kept_in_order():
    rng = np.random.default_rng(0)
    values = np.concatenate([np.repeat([9.0, 1.0, 5.0], [300, 200, 100]), rng.normal(5, 3, 900)])
    assert shared_values(values, 2).tolist() == [1, 9]


def test_only_what_float32_lost_is_restored():
    known = np.array([[0.0, 9.4]])
    values = np.array([[9.3999996], [9.39], [1e-8]])
    found = restored(values, known, np.array([5.0]), np.array([2.0]))
    assert found[:, 0].tolist() == [9.4, 9.39, 0.0]
