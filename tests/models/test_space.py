"""From raw values to model space and back."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.likelihoods import Bernoulli, Categorical, Histogram, LogNormal, Normal, Ordinal, Poisson, Scale
from evenvae.models import Space
from support import mixed_table


@pytest.mark.parametrize("family", [Normal(), LogNormal(), Poisson(), Bernoulli(), Categorical(levels=4)])
def test_space_brings_raw_values_back(family):
    rng = np.random.default_rng(2)
    values = {
        "normal": rng.normal(1.6e9, 1e7, 50),
        "lognormal": rng.lognormal(5, 2, 50),
        "poisson": rng.poisson(5, 50) + 3.0,
        "bernoulli": rng.integers(0, 2, 50).astype(float),
        "categorical": rng.integers(0, 4, 50).astype(float),
    }[family.name][:, None]
    space = Space.fit([family], values, np.ones_like(values, bool))
    with jax.enable_x64(True):
        scale = Scale(*(jnp.asarray(p) for p in space.scales[0]))
        constants = Scale(*(np.asarray(p) for p in space.scales[0]))
        model = jnp.asarray(family.to_model(values, constants))
        value = np.asarray(family.value(model, scale))
    np.testing.assert_allclose(space.to_raw(value), values, rtol=1e-12)


def test_cells_have_the_type_of_their_family():
    values = np.tile(np.arange(4.0)[:, None], (1, 4))
    space = Space.fit(
        [Categorical(levels=4), Ordinal(levels=4), Histogram(), Normal()], values, np.ones_like(values, bool)
    )
    cells = space.cells(values, np.ones_like(values, bool))
    assert [block.dtype for block in cells] == [np.int32, np.int32, np.float32, np.float32]


def test_a_batch_holds_cells_mask_and_codes():
    space, values, observed = mixed_table()
    codes = np.arange(len(values))[:, None] % 3
    batch = space.batch(values, observed, codes)
    for block, expected in zip(batch.cells, space.cells(values, observed), strict=True):
        np.testing.assert_array_equal(block, expected)
    np.testing.assert_array_equal(batch.mask, observed)
    np.testing.assert_array_equal(batch.tasks, codes)
    assert batch.tasks.dtype == np.int32
    assert space.batch(values, observed).tasks.shape == (len(values), 0)


@pytest.mark.parametrize(("family", "farthest"), [(Normal(), 1e6), (LogNormal(), 1e6), (Poisson(), 1e30)])
def test_values_far_from_the_training_table_stay_inside_float32(family, farthest):
    values = np.exp(np.random.default_rng(0).normal(size=(50, 1)) / 1e9).round(12)
    values = np.arange(50.0)[:, None] if family.name == "poisson" else values
    space = Space.fit([family], values, np.ones((50, 1), bool))
    (cells,) = space.cells(np.array([[1e300], [1e38], [values[3, 0]]]), np.ones((3, 1), bool))
    assert cells.dtype == np.float32
    np.testing.assert_allclose(cells[:2, 0], farthest)
    parameters = jnp.tile(jnp.asarray(space.marginal_bias(values, np.ones((50, 1), bool)), jnp.float32), (3, 1))
    scores = family.log_prob(parameters, cells[:, 0])
    assert np.isfinite(scores).all()
    assert (scores[:2] < scores[2] - 1000).all()
