"""Columns in blocks and back in the order of the table."""

import jax.numpy as jnp
import numpy as np

from evenvae.likelihoods import Bernoulli, Categorical, Histogram, Normal, NormalPixels, Ordinal
from evenvae.models import Layout


def test_layout_groups_and_restores_order():
    families = [Categorical(levels=3), Normal(), Categorical(levels=3), Normal(), Categorical(levels=5)]
    layout = Layout.of(families)
    assert [block.columns for block in layout.blocks] == [(0, 2), (1, 3), (4,)]
    assert layout.width == 3 + 2 + 3 + 2 + 5
    np.testing.assert_array_equal(np.bincount(layout.feature_of_output), [3, 2, 3, 2, 5])
    parts = [jnp.array([[0.0, 2.0]]), jnp.array([[1.0, 3.0]]), jnp.array([[4.0]])]
    np.testing.assert_array_equal(layout.join(parts), [[0, 1, 2, 3, 4]])
    assert layout.likelihoods == tuple(families)


def test_which_columns_are_discrete_and_which_have_an_order():
    layout = Layout.of([Ordinal(levels=4), Normal(), Bernoulli(), Histogram(), Categorical(levels=3)])
    np.testing.assert_array_equal(layout.discrete, [True, False, True, False, True])
    np.testing.assert_array_equal(layout.steps, [4, 0, 0, 0, 0])


def test_numbers_of_images_are_split_and_joined_again():
    layout = Layout.of([Normal(), NormalPixels((2, 2, 1)), Normal()])
    assert (layout.features, layout.elements) == (3, 6)
    values = np.arange(12.0).reshape(2, 6)
    parts = layout.split_elements(values)
    assert [part.shape for part in parts] == [(2, 2), (2, 1, 2, 2, 1)]
    np.testing.assert_array_equal(layout.join_elements(parts), values)
    np.testing.assert_array_equal(layout.spread(np.array([1, 2, 3])), [1, 2, 2, 2, 2, 3])
    np.testing.assert_array_equal(layout.pool(jnp.ones(6)), [1, 4, 1])
