"""The density ratio of the optimal prior: when it pauses, and how it is trained against N(0, I)."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.errors import InputError
from evenvae.models import DiagonalNormal
from evenvae.priors import Implicit, Optimal

KEY = jax.random.key(3)
ROWS = jnp.arange(400)


def test_a_ratio_that_knows_rows_by_heart_pauses():
    prior = Optimal().build(2, 8, KEY)
    places = jax.random.normal(KEY, (400, 2)) + 5
    posterior_of = lambda rows: DiagonalNormal(places[rows], jnp.full((len(rows), 2), 0.1))
    state = prior.init()
    knowing, state = prior.finalise(state._replace(trained=jnp.zeros(())), posterior_of, ROWS, KEY)
    assert state.paused
    after, _ = knowing.update(state, posterior_of, ROWS, ROWS[:32], KEY)
    np.testing.assert_array_equal(after.hidden.layers[0].kernel, knowing.hidden.layers[0].kernel)


def some(options, key=KEY):
    """A prior of two coordinates whose ratio is not 0, and a posterior of three rows."""
    prior = options.build(2, 8, key)
    kernel = jax.random.normal(key, prior.output.kernel.shape)
    prior = eqx.tree_at(lambda p: p.output.kernel, prior, kernel)
    return prior, DiagonalNormal(jax.random.normal(key, (3, 2)), jnp.array([[0.3, 1.0], [0.5, 0.2], [1.0, 2.0]]))


def test_the_kl_to_the_ratio_on_a_standard_normal_is_the_mean_of_its_estimates():
    prior, q = some(Implicit(width=8, depth=1))
    prior = eqx.tree_at(lambda p: p.log_normaliser, prior, jnp.asarray(0.7))
    z = q.sample(jax.random.key(1), 100_000)
    estimate = (q.log_prob(z) - prior.log_prob(z)).mean(0)
    np.testing.assert_allclose(prior.kl(q, z), estimate, atol=0.02)


def test_log_z_is_left_out_where_that_is_asked_for_and_told_either_way():
    priors = [some(Implicit(width=8, depth=1, normalise=flag))[0] for flag in (True, False)]
    posterior_of = lambda rows: DiagonalNormal(jnp.zeros((len(rows), 2)), jnp.ones((len(rows), 2)))
    done = [prior.finalise(prior.init(), posterior_of, ROWS, KEY)[0] for prior in priors]
    z = jax.random.normal(KEY, (5, 2))
    log_z = done[0].log_normaliser
    assert abs(float(log_z)) > 0.05
    np.testing.assert_allclose(done[0].log_prob(z) + log_z, done[1].log_prob(z), rtol=1e-5)
    own, other = (prior.normaliser_figures(KEY)["log_normaliser"] for prior in done)
    np.testing.assert_allclose(own, other)


def test_a_ratio_without_tolerance_never_pauses():
    prior, _ = some(Optimal(tolerance=None))
    places = jax.random.normal(KEY, (400, 2)) + 5
    posterior_of = lambda rows: DiagonalNormal(places[rows], jnp.full((len(rows), 2), 0.1))
    _, state = prior.finalise(prior.init()._replace(trained=jnp.zeros(())), posterior_of, ROWS, KEY)
    assert not state.paused


def test_the_published_protocol_is_what_its_code_does():
    found = Implicit()
    assert (found.reference, found.steps, found.learning_rate, found.dropout) == ("standard", 10, 1e-3, 0.5)
    prior = found.build(40, 64, KEY)
    assert [layer.kernel.shape for layer in prior.hidden.layers] == [(40, 500), (500, 500), (500, 500)]
    assert not prior.has_penalty
    assert prior.has_closed_kl


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"steps": 0}, r"prior\.steps=0 must be a positive whole number"),
        ({"dropout": 1.0}, r"prior\.dropout=1\.0 must be at least 0 and below 1"),
        ({"tolerance": -0.1}, r"prior\.tolerance=-0\.1 must be a number, 0 or more"),
    ],
)
def test_wrong_options_are_told(fields, words):
    with pytest.raises(InputError, match=words):
        Optimal(**fields)
