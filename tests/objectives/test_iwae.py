"""IWAE and DReG: coefficients against automatic differentiation, and what reparametrising twice promises."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from evenvae.errors import InputError
from evenvae.models import linear, log_prob
from evenvae.objectives import ELBO, IWAE, DReG
from evenvae.training import Method, balanced_gradients, first_states
from evenvae.training import loss as training_loss
from support import new_network, widened

SEEN = jnp.ones((3, 4), bool)
gradients_of = eqx.filter_jit(balanced_gradients)


def terms(seed=0, samples=5, rows=3, features=4):
    rng = np.random.default_rng(seed)
    return jnp.asarray(rng.normal(size=(samples, rows, features))), jnp.asarray(rng.normal(size=(samples, rows)))


@pytest.mark.parametrize("objective", [IWAE(5), DReG(5), IWAE(5, beta=0.3), DReG(5, beta=0.3)], ids=str)
def test_coefficients_are_derivatives_of_the_loss(objective):
    with jax.enable_x64(True):
        log_likelihood, ratio = terms()
        loss = lambda likelihood, r: objective.bound(likelihood, r, None, SEEN, None)[0].loss
        by_likelihood, by_ratio = jax.grad(loss, (0, 1))(log_likelihood, ratio)
        bound, _ = objective.bound(log_likelihood, ratio, None, SEEN, None)
        np.testing.assert_allclose(-jnp.broadcast_to(bound.likelihood, log_likelihood.shape), by_likelihood, rtol=1e-12)
        np.testing.assert_allclose(-bound.ratio, by_ratio, rtol=1e-12)


@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_one_sample_gives_the_elbo(beta):
    with jax.enable_x64(True):
        log_likelihood, ratio = terms(samples=1)
        elbo, _ = ELBO(beta=beta, analytic_kl=False).bound(log_likelihood, ratio, None, SEEN, None)
        iwae, _ = IWAE(1, beta=beta).bound(log_likelihood, ratio, None, SEEN, None)
        assert float(iwae.loss) == pytest.approx(float(elbo.loss), rel=1e-12)
        np.testing.assert_allclose(iwae.likelihood, elbo.likelihood, rtol=1e-12)
        np.testing.assert_allclose(iwae.ratio, elbo.ratio, rtol=1e-12)


def test_weights_survive_likelihoods_far_apart():
    log_likelihood = jnp.array([[[-1e6]], [[-2.0]], [[-3e30]]], jnp.float32)
    bound, _ = IWAE(3).bound(log_likelihood, jnp.zeros((3, 1)), None, jnp.ones((1, 1), bool), None)
    np.testing.assert_allclose(bound.likelihood[:, 0, 0], [0, 1, 0], atol=1e-6)
    assert float(bound.loss) == pytest.approx(2 + np.log(3), rel=1e-6)


def batch_of(mixed, rows=16):
    space, values, observed = mixed
    return widened(space.batch(values[:rows], observed[:rows])), widened(space.scales)


def flat(tree):
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def of_encoder(network, states, mixed, objective, draws):
    """Many draws of the gradient of a kernel of the encoder."""
    space, values, observed = mixed
    batch = (jax.tree.map(jnp.asarray, space.batch(values[:16], observed[:16])), space.device_scales)

    @eqx.filter_jit
    def gradients(network, keys):
        one = lambda key: balanced_gradients(network, states, *batch, key, Method(objective))[0]
        return jax.lax.map(lambda key: one(key).model.encoder.output.kernel, keys, batch_size=100)

    return np.asarray(gradients(network, jax.random.split(jax.random.key(1), draws)), float)


def doubly_reparametrised(network, states, batch, scales, key, samples, beta):
    """Gradients of the encoder by a surrogate sum_k stop(c_k) log w_k with log q's own parameters held.

    c_k is (1 - beta) w_k + beta w_k^2, and w_k^2 for beta = 1.
    """
    keys = jax.random.split(key, 4)

    def surrogate(encoder):
        model, prior = network
        q, _ = encoder(batch, scales, states.encoder, keys[0])
        z = q.sample(keys[1], samples)
        kernels, bias = model.heads.kernels()
        parameters = linear((model.trunk(z),), kernels, bias)
        log_weight = log_prob(model.heads.layout, parameters, batch.cells, batch.mask).sum(-1)
        log_weight += beta * (prior.log_prob(z) - q.detached().log_prob(z))
        weight = jax.lax.stop_gradient(jax.nn.softmax(log_weight, axis=0))
        return -(((1 - beta) * weight + beta * weight**2) * log_weight).sum(0).mean()

    return eqx.filter_jit(eqx.filter_grad(surrogate))(network.model.encoder)


@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_dreg_is_its_surrogate_for_the_encoder_and_iwae_for_the_decoder(mixed, beta):
    space, values, observed = mixed
    with jax.enable_x64(True):
        key = jax.random.key(3)
        net, states = widened(new_network(space, values, observed, method=Method(DReG(4, beta=beta))))
        dreg, _, _ = gradients_of(net, states, *batch_of(mixed), key, Method(DReG(4, beta=beta)))
        encoder = doubly_reparametrised(net, states, *batch_of(mixed), key, 4, beta)
        np.testing.assert_allclose(flat(dreg.model.encoder), flat(encoder), atol=1e-10 * np.abs(flat(encoder)).max())
        iwae = eqx.filter_jit(eqx.filter_grad(training_loss))(
            net, states, *batch_of(mixed), key, Method(IWAE(4, beta=beta))
        )
        for part in ("trunk", "heads"):
            expected = flat(getattr(iwae.model, part))
            np.testing.assert_allclose(flat(getattr(dreg.model, part)), expected, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_reparametrising_twice_keeps_the_mean(mixed, beta):
    space, values, observed = mixed
    objectives = IWAE(8, beta=beta), DReG(8, beta=beta)
    net, states = new_network(space, values, observed, method=Method(objectives[1]))
    iwae, dreg = (of_encoder(net, states, mixed, objective, 2000) for objective in objectives)
    error = np.sqrt((iwae.var(0) + dreg.var(0)) / 2000)
    # far from the optimum the gradient is large enough for the comparison to mean something
    assert np.abs(iwae.mean(0) / error).max() > 20
    # squared deviations average to 1 where the means agree; the entries are correlated, so with room
    assert (((iwae.mean(0) - dreg.mean(0)) / error) ** 2).mean() < 2


def test_reparametrising_twice_lowers_the_variance(mixed):
    """The variance of log q's own score is what goes (Tucker et al., 2019); that shows on a network that has learned.

    Before, with a posterior far from q, what reaches z through the path is noisier than what is left out.
    """
    space, values, observed = mixed
    net, states = new_network(space, values, observed, method=Method(DReG(8)))
    batch = (jax.tree.map(jnp.asarray, space.batch(values[:16], observed[:16])), space.device_scales)
    optimiser = optax.adam(3e-3)
    gradients = lambda net, key, objective: balanced_gradients(net, states, *batch, key, Method(objective))[0]
    params, static = eqx.partition(net, eqx.is_inexact_array)

    @eqx.filter_jit
    def learned(params, keys):
        def step(carry, key):
            params, memory = carry
            update, memory = optimiser.update(gradients(eqx.combine(params, static), key, IWAE(8)), memory)
            return (eqx.apply_updates(params, update), memory), None

        return jax.lax.scan(step, (params, optimiser.init(params)), keys)[0][0]

    trained = eqx.combine(learned(params, jax.random.split(jax.random.key(0), 600)), static)
    iwae, dreg = (of_encoder(trained, states, mixed, objective, 2000) for objective in (IWAE(8), DReG(8)))
    assert dreg.var(0).sum() < 0.8 * iwae.var(0).sum()


@pytest.mark.parametrize(("objective", "decisions"), [(ELBO(), 1), (IWAE(3), 1), (DReG(3), 2)], ids=lambda o: str(o))
def test_a_balancer_has_a_state_for_every_decision(mixed, objective, decisions):
    from evenvae import balancing

    space, values, observed = mixed
    method = Method(objective, balancing.norm_match(balancing.parse("gradnorm")))
    net, states = new_network(space, values, observed, method=method)
    assert len(first_states(net, method).balancer) == decisions
    batch = jax.tree.map(jnp.asarray, space.batch(values[:16], observed[:16]))
    _, after, _ = gradients_of(net, states, batch, space.device_scales, jax.random.key(0), method)
    assert jax.tree.structure(after) == jax.tree.structure(states)
    if decisions == 2:
        # decoder's and encoder's columns differ in weight, so their memories part
        assert np.abs(flat(after.balancer[0]) - flat(after.balancer[1])).max() > 0


@pytest.mark.parametrize("objective", [IWAE, DReG])
def test_wrong_fields_are_told(objective):
    with pytest.raises(InputError, match="samples=0 must be a positive whole number"):
        objective(0)
    with pytest.raises(InputError, match="beta=0"):
        objective(beta=0)
