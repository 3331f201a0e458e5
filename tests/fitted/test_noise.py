"""The noise of a row depends on the row alone, and the errors of different rows cancel."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

from evenvae.fitted.noise import latent_noise, row_bits, shifted, sobol
from support import mixed_table


@pytest.fixture(scope="module")
def bits():
    space, values, observed = mixed_table()
    batch = space.batch(values, observed)
    return space.layout, batch, np.asarray(row_bits(space.layout, batch, 3))


def test_bits_follow_from_a_row_alone(bits):
    layout, batch, found = bits
    order = np.random.default_rng(0).permutation(len(found))
    np.testing.assert_array_equal(row_bits(layout, batch.take(order), 3), found[order])
    # nothing is told of cells that the model does not see
    hidden = batch.mask & (np.arange(batch.mask.shape[1]) > 0)
    unseen = batch.hide(hidden)
    other = unseen._replace(
        cells=tuple(
            np.where(layout.part(hidden, block).reshape(*cells.shape[:2], *[1] * (cells.ndim - 2)), cells, 0)
            for block, cells in zip(layout.blocks, batch.cells, strict=True)
        )
    )
    np.testing.assert_array_equal(row_bits(layout, unseen, 3), row_bits(layout, other, 3))
    changed = (np.asarray(row_bits(layout, unseen, 3)) != found).any(axis=1)
    assert changed[batch.mask[:, 0]].all()


def test_points_of_a_row_are_standard_normal_and_others_than_those_of_another(bits):
    *_, found = bits
    points = np.asarray(shifted(sobol(256, 3), jnp.asarray(found)))
    assert np.isfinite(points).all()
    assert kstest(points.ravel(), "norm").pvalue > 0.01
    means = points.mean(axis=0)
    # errors of the rows' means are small, as those of Sobol points are, and as often above 0 as below
    assert np.abs(means).max() < 3 / np.sqrt(256)
    assert abs((means > 0).mean() - 0.5) < 4 * 0.5 / np.sqrt(means.size)


def test_shared_points_are_standard_normal():
    assert kstest(latent_noise(512, 2).ravel(), "norm").pvalue > 0.5
