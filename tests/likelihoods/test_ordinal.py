"""The ordinal likelihood: cumulative logits, and a column's least number of levels."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from evenvae.likelihoods import Ordinal


def test_probabilities_are_differences_of_cumulative_logits():
    with jax.enable_x64(True):
        steps, location = np.array([0.3, -1.0, 2.0]), 0.8
        thresholds = np.cumsum(np.log1p(np.exp(steps)))
        cumulative = np.concatenate([[0], special.expit(thresholds - location), [1]])
        found = Ordinal(levels=4).probabilities(jnp.asarray([*steps, location]))
        np.testing.assert_allclose(found, np.diff(cumulative), rtol=1e-10)


def test_a_column_has_at_least_two_levels():
    assert Ordinal.of_column(1, ()) == Ordinal(levels=2)
    assert Ordinal.of_column(5, ()) == Ordinal(levels=5)
