"""The Bernoulli likelihood against stored values."""

import jax
import jax.numpy as jnp
import pytest

from evenvae.likelihoods import Bernoulli


def test_oracle_values():
    with jax.enable_x64(True):
        found = Bernoulli().log_prob(jnp.array([-0.4]), jnp.array(1.0))
        assert float(found) == pytest.approx(-0.9130152523999526)
