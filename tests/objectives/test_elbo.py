"""The evidence lower bound: coefficients against automatic differentiation, and its options."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from evenvae.errors import InputError
from evenvae.objectives import ELBO

SEEN = jnp.ones((3, 4), bool)


def test_coefficients_are_derivatives_of_the_loss():
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        log_likelihood, ratio = jnp.asarray(rng.normal(size=(5, 3, 4))), jnp.asarray(rng.normal(size=(5, 3)))
        objective = ELBO(5, 0.7)
        loss = lambda likelihood, r: objective.bound(likelihood, r, None, SEEN, None)[0].loss
        by_likelihood, by_ratio = jax.grad(loss, (0, 1))(log_likelihood, ratio)
        bound, _ = objective.bound(log_likelihood, ratio, None, SEEN, None)
        np.testing.assert_allclose(-jnp.broadcast_to(bound.likelihood, log_likelihood.shape), by_likelihood, rtol=1e-12)
        np.testing.assert_allclose(-bound.ratio, by_ratio, rtol=1e-12)


def test_a_weight_that_is_left_open_is_filled_and_counts_as_one_before():
    assert ELBO().kl_weight == 1
    assert ELBO().completed(0.1, 50) == ELBO(beta=0.1)
    assert ELBO(beta=4.0).completed(0.1, 50) == ELBO(beta=4.0)
    assert hash(ELBO(beta=0.1)) == hash(ELBO().completed(0.1, 50))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"samples": 0}, "samples=0 must be a positive whole number"),
        ({"warm_up_epochs": -1.0}, r"warm_up_epochs=-1\.0 must be a positive number"),
        ({"beta": 0.0}, r"beta=0\.0 must be a positive number"),
    ],
)
def test_wrong_fields_are_told(fields, words):
    with pytest.raises(InputError, match=words):
        ELBO(**fields)


def test_a_number_of_samples_is_whole():
    # where annotations are checked at run time they refuse it first
    with pytest.raises((InputError, TypeCheckError), match=r"samples=1\.5 must be|Actual value: 1\.5"):
        ELBO(1.5)


def test_a_warm_up_lets_the_weight_of_the_kl_rise_and_says_when_it_is_over():
    objective = ELBO(beta=0.5, warm_up_epochs=2).completed(1.0, 50, steps_per_epoch=2.0)
    assert objective.steps_per_epoch == 2
    log_likelihood, kl = jnp.zeros((1, 3, 4)), jnp.ones(3)
    state, found = objective.init(4), []
    for _ in range(6):
        warm = bool(objective.is_warm(state))
        bound, state = objective.bound(log_likelihood, None, kl, SEEN, state)
        np.testing.assert_allclose(bound.loss, (bound.kl * kl).sum())
        found.append((warm, float(bound.loss)))
    np.testing.assert_allclose([loss for _, loss in found], [0, 0.125, 0.25, 0.375, 0.5, 0.5])
    assert [warm for warm, _ in found] == [False] * 4 + [True] * 2


def test_without_a_warm_up_nothing_is_counted():
    assert ELBO().init(4) is None
    assert ELBO().is_warm(None) is True
    assert ELBO().completed(0.1, 50, 7.0).steps_per_epoch is None
