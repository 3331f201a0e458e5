"""Log-likelihoods and statistics of cells from the heads' parameters."""

import jax
import jax.numpy as jnp
import numpy as np

from evenvae.likelihoods import Categorical, LogNormal, Normal
from evenvae.models import Space, as_tuple, linear, log_prob, statistic
from evenvae.models.mixture import MixtureLatent


def table():
    rng = np.random.default_rng(0)
    values = np.stack([rng.normal(size=20), rng.lognormal(size=20), rng.integers(0, 3, 20)], axis=1)
    return Space.fit([Normal(), LogNormal(), Categorical(levels=3)], values, np.ones((20, 3), bool)), values


def test_missing_cells_have_log_likelihood_zero():
    space, values = table()
    mask = np.random.default_rng(1).random((20, 3)) < 0.5
    parameters = jax.random.normal(jax.random.key(0), (20, 7))
    found = np.asarray(log_prob(space.layout, parameters, space.cells(values, mask), mask))
    assert (found[~mask] == 0).all()
    assert (found[mask] != 0).all()


def test_statistics_by_their_names():
    space, _ = table()
    parameters = jax.random.normal(jax.random.key(0), (4, 7))
    found = {
        n: statistic(space.layout, parameters, space.device_scales, n) for n in ("default", "mean", "median", "mode")
    }
    # the default is the mean of numbers, and the median of positive numbers
    np.testing.assert_array_equal(found["default"][:, 0], found["mean"][:, 0])
    np.testing.assert_array_equal(found["default"][:, 1], found["median"][:, 1])
    assert (found["mode"][:, 1] < found["median"][:, 1]).all()
    assert (found["median"][:, 1] < found["mean"][:, 1]).all()
    for each in found.values():
        np.testing.assert_array_equal(each[:, 2], parameters[:, 4:].argmax(-1))


def test_outputs_are_the_sum_over_shared_features():
    z, s = jnp.ones((5, 2)), jnp.ones((5, 3))
    assert len(as_tuple(z)) == 1
    assert len(as_tuple(MixtureLatent(z, s))) == 2
    out = linear(as_tuple(MixtureLatent(z, s)), (jnp.ones((2, 4)), jnp.ones((3, 4))), jnp.arange(4.0))
    np.testing.assert_array_equal(out, np.tile(5 + np.arange(4.0), (5, 1)))
