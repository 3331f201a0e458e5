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
