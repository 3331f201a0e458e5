"""The first layer against the obvious slow way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.likelihoods import Ordinal, Scale
from evenvae.models import Batch, Layout, no_tasks
from evenvae.models.encoder import CellInput, look_up, steady_inputs


@pytest.mark.parametrize("levels", [5, 200])
def test_looking_up_equals_a_one_hot_product(levels):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(3, levels, 4)).astype(np.float32)
    codes = rng.integers(0, levels, (10, 3))
    weight = rng.random((10, 3)).astype(np.float32)
    onehot = np.eye(levels)[codes] * weight[..., None]
    expected = np.einsum("rcl,clw->rw", onehot, table)
    np.testing.assert_allclose(
        look_up([jnp.asarray(table)], [jnp.asarray(codes)], [weight]), expected, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("levels", [2, 5])
def test_ordinal_columns_enter_in_thermometer_code(levels):
    """As a product with explicit ones up to the level; the number of ones gives the level back."""
    codes = np.arange(levels)[:, None]
    code_book = np.tril(np.ones((levels, levels)))
    np.testing.assert_array_equal(code_book.sum(1) - 1, codes[:, 0])
    plain = {"mode": "standardized_onehot", "dropout_rate": 0.0, "normalise": False, "see_mask": False}
    cell_input = CellInput(Layout.of([Ordinal(levels=levels)]), 3, jax.random.key(0), **plain, gain=1.0, bias=0.0)
    scale = (Scale(jnp.zeros(1), jnp.ones(1), jnp.zeros(1)),)
    batch = Batch((jnp.asarray(codes),), jnp.ones((levels, 1), bool), no_tasks(levels))
    out, _ = cell_input(batch, scale, None, None, True)
    np.testing.assert_allclose(out - cell_input.bias, code_book @ np.asarray(cell_input.embeddings[0][0]), atol=1e-6)


def test_dropout_leaves_the_value_of_a_number_that_has_further_inputs():
    alone, beside = jnp.zeros((5, 2, 1)), jnp.zeros((5, 3, 4))
    steady = steady_inputs([alone, beside])
    assert steady.tolist() == [False, False, *[True, False, False, False] * 3]
