"""The categorical likelihood against stored values."""

import jax
import jax.numpy as jnp
import pytest

from evenvae.likelihoods import Categorical


def test_oracle_values():
    with jax.enable_x64(True):
        logits = jnp.array([0.2, -1.0, 0.5])
        found = Categorical(levels=3).log_prob(logits, jnp.array(2))
        assert float(found) == pytest.approx(-0.6749569269138376)


def test_a_column_has_at_least_one_level():
    assert Categorical.of_column(0, ()) == Categorical(levels=1)
    assert Categorical.of_column(5, ()) == Categorical(levels=5)
