"""The private gradient: no row moves the sum by more than the clipping norm, and the noise is as large as is said."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evenvae.models.batch import no_tasks
from evenvae.objectives import ELBO
from evenvae.training import Method, loss
from evenvae.training.private_step import PIECE, clipped, clipped_sum, private_gradient
from evenvae.training.settings import PrivacySettings
from evenvae.training.skeleton import vector_of
from support import new_network

KEY = jax.random.key(5)
SPENT = PrivacySettings(1.0, 1e-5, 0.3, 2.0, 0.1, 400, 10, "test")
METHOD = Method(ELBO(), privacy=SPENT)
summed = eqx.filter_jit(clipped_sum)


def rows_of(mixed, numbers):
    space, values, observed = mixed
    table = space.batch(values, observed, no_tasks(len(values)))
    return table.take(np.asarray(numbers)), space.device_scales


@pytest.fixture(scope="module")
def made(mixed):
    return new_network(*mixed)


def total(made, mixed, numbers, present, clipping=0.3):
    batch, scales = rows_of(mixed, numbers)
    found, report = summed(*made, batch, jnp.asarray(present), scales, KEY, METHOD, clipping)
    return np.asarray(found), report


@settings(max_examples=50, deadline=None)
@example([0.0, 2.0**126], 1.0)
@example([-3e38, 3e38, 1.0], 1.0)
@example([1.5, 1e-30], 1e-3)
@given(
    st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=1, max_size=20),
    st.floats(1e-3, 1e3),
)
def test_a_clipped_gradient_is_no_longer_than_the_norm_whatever_its_numbers(numbers, clipping):
    gradient = np.array(numbers, np.float32)
    found = np.asarray(clipped(jnp.asarray(gradient), clipping), np.float64)
    assert np.linalg.norm(found) <= clipping
    if not np.isfinite(gradient).all():
        assert (found == 0).all()
        return
    length = np.linalg.norm(gradient.astype(np.float64))
    if length > clipping:
        np.testing.assert_allclose(found, gradient * (clipping / length), rtol=1e-4, atol=1e-30)
    elif length < 0.999 * clipping:
        np.testing.assert_array_equal(found.astype(np.float32), gradient)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.01, 10))
def test_a_row_moves_the_sum_by_at_most_the_clipping_norm(made, mixed, seed, clipping):
    generator = np.random.default_rng(seed)
    numbers = generator.integers(0, 400, PIECE)
    present = generator.random(PIECE) < 0.7
    place = generator.integers(PIECE)
    without, with_it = present.copy(), present.copy()
    without[place], with_it[place] = False, True
    moved = total(made, mixed, numbers, with_it, clipping)[0] - total(made, mixed, numbers, without, clipping)[0]
    # the two sums are rounded to float32
    assert np.linalg.norm(moved.astype(np.float64)) <= clipping * (1 + 1e-3)


def test_the_sum_is_that_of_gradients_of_single_rows(made, mixed):
    """Against `jax.grad` of the loss of every row by itself."""
    numbers, present = np.arange(2 * PIECE), np.arange(2 * PIECE) % 3 > 0
    batch, scales = rows_of(mixed, numbers)
    network, states = made
    keys = jax.random.split(KEY, len(numbers))
    expected, losses = 0.0, []
    gradient_of = eqx.filter_jit(eqx.filter_value_and_grad(loss))
    for place in np.flatnonzero(present):
        value, gradient = gradient_of(network, states, batch.take(np.array([place])), scales, keys[place], METHOD)
        vector = np.asarray(vector_of(gradient), np.float64)
        expected = expected + vector * min(1, 0.3 / np.linalg.norm(vector))
        losses.append(float(value))
    found, report = total(made, mixed, numbers, present)
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())
    assert float(report.loss) == pytest.approx(np.mean(losses), rel=1e-4)
    # without clipping it is the gradient of the sum
    whole, _ = total(made, mixed, numbers, present, clipping=1e9)
    assert np.linalg.norm(whole) > 3 * np.linalg.norm(found)


def test_the_noise_has_the_deviation_of_the_formula_and_is_divided_by_the_mean_batch(made, mixed):
    batch, scales = rows_of(mixed, np.arange(PIECE))
    present = jnp.zeros(PIECE, bool)
    gradient_of = eqx.filter_jit(private_gradient)
    found = [np.asarray(gradient_of(*made, batch, present, scales, jax.random.key(k), METHOD)[0]) for k in range(4)]
    # nobody is there, so that all of it is noise: 2.0 * 0.3 / (0.1 * 400)
    assert np.std(found) == pytest.approx(0.015, rel=0.03)
    assert abs(np.mean(found)) < 4 * 0.015 / np.sqrt(np.size(found))
    assert abs(np.corrcoef(found[:2])[0, 1]) < 0.1
    twice = METHOD._replace(privacy=dataclasses.replace(SPENT, noise_multiplier=4.0))
    louder = np.asarray(gradient_of(*made, batch, present, scales, jax.random.key(0), twice)[0])
    np.testing.assert_allclose(louder, 2 * found[0], rtol=1e-5)


def test_empty_places_count_nothing(made, mixed):
    here = np.arange(PIECE) < 5
    one, first = total(made, mixed, np.arange(PIECE), here)
    other, second = total(made, mixed, np.where(here, np.arange(PIECE), 399), here)
    np.testing.assert_array_equal(one, other)
    assert float(first.loss) == float(second.loss)
    assert bool(first.finite.all())
