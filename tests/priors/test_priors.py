"""Learned priors: densities that are densities, draws that follow them, and gradients that reach what they should."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.models import DiagonalNormal
from evenvae.models.conditioning import TaskLatent
from evenvae.objectives import ELBO, IWAE, DReG
from evenvae.priors import PRIORS, ExemplarPrior, OptimalPrior, VampPrior
from evenvae.training import Method, Network, balanced_gradients, first_states, loss
from support import new_network, widened

KEY = jax.random.key(3)
GRID = jnp.linspace(-12, 12, 2401)[:, None]
ROWS = jnp.arange(400)


@functools.cache
def in_one_dimension(name):
    """A prior over a line that has learned something: two groups of posteriors, at -1.5 and 1.5."""
    prior = PRIORS[name].of(1, 32, None, KEY)
    if name not in ("exemplar", "optimal"):
        return prior
    places = jnp.where(ROWS % 2 == 0, -1.5, 1.5)[:, None]
    posterior_of = lambda rows: DiagonalNormal(places[rows], jnp.full((len(rows), 1), 0.4))

    @jax.jit
    def learn(params, memory, number):
        prior = eqx.combine(params, static)
        own = jax.random.fold_in(KEY, number)
        prior, memory = prior.refine(memory, posterior_of, ROWS, ROWS[:100], own)
        return prior.settle(memory, posterior_of, ROWS, own)

    static = eqx.partition(prior, eqx.is_inexact_array)[1]
    memory = prior.init()
    for number in range(400 if name == "optimal" else 1):
        prior, memory = learn(eqx.filter(prior, eqx.is_inexact_array), memory, number)
    return prior


@pytest.mark.parametrize("name", PRIORS)
def test_densities_integrate_to_one_and_draws_follow_them(name):
    prior = in_one_dimension(name)
    density = np.exp(np.asarray(prior.log_prob(GRID), float))
    step = float(GRID[1, 0] - GRID[0, 0])
    # the optimal prior's normaliser is an estimate, all others are exact
    assert density.sum() * step == pytest.approx(1, abs=0.03 if name == "optimal" else 1e-3)
    z = np.asarray(prior.sample(jax.random.key(5), 4000))
    edges = np.linspace(-4, 4, 17)
    cumulative = np.concatenate([[0], np.cumsum(density)]) * step
    expected = np.diff(np.interp(edges, np.append(GRID[:, 0], GRID[-1, 0] + step), cumulative))
    observed = np.histogram(z[:, 0], edges)[0] / len(z)
    assert np.abs(observed - expected).max() < 0.03


def test_the_optimal_prior_finds_what_the_posteriors_add_up_to():
    prior = in_one_dimension("optimal")
    z = GRID[900:1501]
    groups = DiagonalNormal(jnp.array([[-1.5], [1.5]]), jnp.full((2, 1), 0.4))
    mixture = jax.nn.logsumexp(groups.log_prob(z[:, None]), axis=-1) - jnp.log(2)
    weight = jnp.exp(mixture) / jnp.exp(mixture).sum()
    divergence = (weight * (mixture - prior.log_prob(z))).sum()
    alone = (weight * (mixture - PRIORS["standard"](1).log_prob(z))).sum()
    assert float(divergence) < 0.2 * float(alone)


def test_a_row_is_no_exemplar_of_its_own():
    prior = ExemplarPrior.of(2, 8, 64, KEY)
    places = jax.random.normal(KEY, (400, 2))
    posterior_of = lambda rows: DiagonalNormal(places[rows], jnp.full((len(rows), 2), 0.1))
    upcoming = jnp.arange(200)
    refined, _ = prior.refine((), posterior_of, ROWS, upcoming, KEY)
    counted = refined.log_weights > -1
    own = (refined.means[:, None] == places[None, :200]).all(-1).any(-1)
    assert own.any()
    assert not (own & counted).any()
    settled, _ = refined.settle((), posterior_of, ROWS, KEY)
    assert (settled.log_weights == 0).all()


def test_priors_see_z_and_no_task():
    z = jax.random.normal(KEY, (5, 2))
    for name in PRIORS:
        prior = PRIORS[name].of(2, 8, 4, KEY)
        np.testing.assert_array_equal(prior.log_prob(TaskLatent(z, jnp.ones((5, 3)))), prior.log_prob(z))


def test_a_ratio_that_knows_rows_by_heart_pauses():
    prior = OptimalPrior.of(2, 8, None, KEY)
    places = jax.random.normal(KEY, (400, 2)) + 5
    posterior_of = lambda rows: DiagonalNormal(places[rows], jnp.full((len(rows), 2), 0.1))
    memory = prior.init()
    knowing, memory = prior.settle(memory._replace(trained=jnp.zeros(())), posterior_of, ROWS, KEY)
    assert memory.paused
    after, _ = knowing.refine(memory, posterior_of, ROWS, ROWS[:32], KEY)
    np.testing.assert_array_equal(after.hidden.layers[0].kernel, knowing.hidden.layers[0].kernel)


@pytest.mark.parametrize("prior", [VampPrior, ExemplarPrior, OptimalPrior])
@pytest.mark.parametrize("objective", [ELBO(beta=0.5), IWAE(3), DReG(3)], ids=lambda o: o.name)
def test_the_step_gives_the_gradient_of_the_loss_with_a_learned_prior(mixed, prior, objective):
    space, values, observed = mixed
    with jax.enable_x64(True):
        method = Method(objective, None)
        model = new_network(space, values, observed)[0].model
        network = Network(model, prior.of(3, 8, 5, KEY))
        network, states = widened((network, first_states(network, method)))
        cells = widened(tuple(jnp.asarray(block[:16]) for block in space.cells(values, observed)))
        arguments = (network, states, cells, jnp.asarray(observed[:16]), widened(space.scales), KEY, method)
        gradient, _, _ = eqx.filter_jit(balanced_gradients)(*arguments)
        expected = eqx.filter_jit(eqx.filter_grad(loss))(*arguments)
        own = gradient if objective.doubly is False else (gradient.model.trunk, gradient.prior)
        other = expected if objective.doubly is False else (expected.model.trunk, expected.prior)
        for a, b in zip(jax.tree.leaves(own), jax.tree.leaves(other), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)
        if prior is OptimalPrior:
            # the ratio has steps of its own
            assert not any(np.any(leaf) for leaf in jax.tree.leaves(gradient.prior))
