"""Priors that can be chosen: densities and draws that agree, and gradients that reach what they should."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from evenvae.errors import InputError
from evenvae.models import ConditionalLatent, ConditionalPosterior, DiagonalNormal
from evenvae.objectives import ELBO, IWAE, DReG
from evenvae.priors import PRIORS, Exemplar, Implicit, Optimal, Standard, Vamp
from evenvae.training import Method, Network, balanced_gradients, first_states, loss
from support import new_network, widened

KEY = jax.random.key(3)
GRID = jnp.linspace(-12, 12, 2401)[:, None]
ROWS = jnp.arange(400)
RATIOS = ("optimal", "implicit")
"""The priors that are a density ratio."""


@functools.cache
def in_one_dimension(name):
    """A prior over a line that has learned something: two groups of posteriors, at -1.5 and 1.5."""
    options = Implicit(width=32) if name == "implicit" else PRIORS[name]()
    prior = options.build(1, 32, KEY)
    if not prior.has_auxiliary_update:
        return prior
    places = jnp.where(ROWS % 2 == 0, -1.5, 1.5)[:, None]
    posterior_of = lambda rows: DiagonalNormal(places[rows], jnp.full((len(rows), 1), 0.4))

    @jax.jit
    def learn(params, state, number):
        prior = eqx.combine(params, static)
        own = jax.random.fold_in(KEY, number)
        return prior.update(state, posterior_of, ROWS, ROWS[:100], own)

    static = eqx.partition(prior, eqx.is_inexact_array)[1]
    state = prior.init()
    for number in range(400 if name in RATIOS else 1):
        prior, state = learn(eqx.filter(prior, eqx.is_inexact_array), state, number)
    return prior.finalise(state, posterior_of, ROWS, KEY)[0]


@pytest.mark.parametrize("name", PRIORS)
def test_densities_integrate_to_one_and_draws_follow_them(name):
    prior = in_one_dimension(name)
    density = np.exp(np.asarray(prior.log_prob(GRID), float))
    step = float(GRID[1, 0] - GRID[0, 0])
    # the optimal prior's normaliser is an estimate, all others are exact
    assert density.sum() * step == pytest.approx(1, abs=0.03 if name in RATIOS else 1e-3)
    z = np.asarray(prior.sample(jax.random.key(5), 4000))
    edges = np.linspace(-4, 4, 17)
    cumulative = np.concatenate([[0], np.cumsum(density)]) * step
    expected = np.diff(np.interp(edges, np.append(GRID[:, 0], GRID[-1, 0] + step), cumulative))
    observed = np.histogram(z[:, 0], edges)[0] / len(z)
    assert np.abs(observed - expected).max() < 0.03


@pytest.mark.parametrize("name", RATIOS)
def test_the_optimal_prior_finds_what_the_posteriors_add_up_to(name):
    prior = in_one_dimension(name)
    z = GRID[900:1501]
    groups = DiagonalNormal(jnp.array([[-1.5], [1.5]]), jnp.full((2, 1), 0.4))
    mixture = jax.nn.logsumexp(groups.log_prob(z[:, None]), axis=-1) - jnp.log(2)
    weight = jnp.exp(mixture) / jnp.exp(mixture).sum()
    divergence = (weight * (mixture - prior.log_prob(z))).sum()
    alone = (weight * (mixture - Standard().build(1, 8, KEY).log_prob(z))).sum()
    assert float(divergence) < 0.2 * float(alone)


def test_priors_see_z_and_no_task():
    z = jax.random.normal(KEY, (5, 2))
    posterior = ConditionalPosterior(DiagonalNormal(z, jnp.ones((5, 2))), jnp.ones((5, 3)))
    seen = posterior.latent_of(ConditionalLatent(z, jnp.ones((5, 3))))
    for name in PRIORS:
        prior = PRIORS[name]().build(2, 8, KEY)
        np.testing.assert_array_equal(prior.log_prob(seen), prior.log_prob(z))


@pytest.mark.parametrize("name", PRIORS)
def test_what_a_prior_does_not_need_does_nothing(name):
    prior = PRIORS[name]().build(2, 8, KEY)
    posterior_of = lambda rows: DiagonalNormal(jnp.ones((len(rows), 2)), jnp.ones((len(rows), 2)))
    if not prior.has_auxiliary_update:
        assert prior.init() == ()
        assert prior.update((), posterior_of, ROWS, ROWS, KEY) == (prior, ())
        assert prior.finalise((), posterior_of, ROWS, KEY) == (prior, ())
        assert prior.diagnostics(()) == {}
    if not prior.has_penalty:
        assert float(prior.penalty(posterior_of(ROWS))) == 0
    if not prior.has_closed_kl:
        with pytest.raises(NotImplementedError, match="closed form"):
            prior.kl(posterior_of(ROWS))
    assert set(prior.normaliser_figures(KEY)) == (
        {"log_normaliser", "normaliser_effective_samples"} if name in RATIOS else set()
    )


@pytest.mark.parametrize("options", [Vamp, Exemplar])
def test_the_number_of_components_is_checked(options):
    assert len(options(5).build(2, 8, KEY).means) == 5
    with pytest.raises(InputError, match="components=0 must be a positive whole number"):
        options(0)
    # where annotations are checked at run time they refuse it first
    with pytest.raises((InputError, TypeCheckError), match=r"components=2\.5|Actual value: 2\.5"):
        options(2.5)


@pytest.mark.parametrize(
    "options",
    [Vamp(5), Exemplar(5), Optimal(), Optimal("standard")],
    ids=["vamp", "exemplar", "optimal", "optimal on a standard normal"],
)
@pytest.mark.parametrize("objective", [ELBO(beta=0.5), IWAE(3), DReG(3)], ids=lambda o: o.name)
def test_the_step_gives_the_gradient_of_the_loss_with_a_learned_prior(mixed, options, objective):
    space, values, observed = mixed
    with jax.enable_x64(True):
        method = Method(objective)
        model = new_network(space, values, observed)[0].model
        network = Network(model, options.build(3, 8, KEY))
        network, states = widened((network, first_states(network, method)))
        batch = widened(space.batch(values[:16], observed[:16]))
        arguments = (network, states, batch, widened(space.scales), KEY, method)
        gradient, _, _ = eqx.filter_jit(balanced_gradients)(*arguments)
        expected = eqx.filter_jit(eqx.filter_grad(loss))(*arguments)
        doubly = objective.doubly_reparametrised
        own = (gradient.model.trunk, gradient.prior) if doubly else gradient
        other = (expected.model.trunk, expected.prior) if doubly else expected
        for a, b in zip(jax.tree.leaves(own), jax.tree.leaves(other), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)
        if isinstance(options, Optimal):
            # the ratio has steps of its own
            assert not any(np.any(leaf) for leaf in jax.tree.leaves(gradient.prior))
