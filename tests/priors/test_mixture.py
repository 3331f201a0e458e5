"""The prior of HI-VAE: its divergence, and the gradient by which components are learned."""

import jax
import jax.numpy as jnp
import numpy as np

from evenvae.models import MixtureLatent, MixturePosterior
from evenvae.priors import MixturePrior


def posterior(log_pi):
    """Over two rows or more, with random normals for z in three dimensions."""
    rows, components = log_pi.shape
    rng = np.random.default_rng(0)
    base, shift = rng.normal(size=(rows, 6)), rng.normal(size=(components, 6))
    return MixturePosterior(jnp.asarray(log_pi), jnp.asarray(base), jnp.asarray(shift), 0.5)


def test_divergence_agrees_with_its_monte_carlo_estimate():
    with jax.enable_x64(True):
        rng = np.random.default_rng(1)
        q = posterior(np.log(rng.dirichlet(np.ones(4), size=3)))
        prior = MixturePrior(jnp.asarray(rng.normal(size=(4, 3))), jnp.asarray(rng.normal(size=3)))
        # exact over components, closed in z: sum_s pi_s (KL_z(s) + log pi_s + log 4)
        exact = q.component_kl()
        for component in range(4):
            s = jax.nn.one_hot(jnp.full((1, 3), component), 4)
            own = prior.kl(q, MixtureLatent(None, s)) - q.component_kl()
            exact += jnp.exp(q.log_pi[:, component]) * own
        z = q.at(jax.random.normal(jax.random.key(0), (100_000, 3, 4), jnp.float64))
        ratio = q.log_prob(z) - prior.log_prob(z)
        np.testing.assert_allclose(ratio.mean(0), exact, atol=5 * float(ratio.std(0).max()) / 100_000**0.5)


def test_components_are_learned():
    """The closed divergence gives the component's probabilities a gradient, which one sample of its log does not."""
    with jax.enable_x64(True):
        prior = MixturePrior(jnp.zeros((4, 3)), jnp.zeros(3))
        logits = jnp.asarray(np.random.default_rng(0).normal(size=(5, 4)))

        def kl(logits):
            q = posterior(np.zeros((5, 4)))._replace(log_pi=jax.nn.log_softmax(logits))
            s = jax.nn.one_hot(jnp.zeros((1, 5), int), 4)
            return prior.kl(q, MixtureLatent(None, s)).sum()

        pi = jax.nn.softmax(logits)
        log_pi = jnp.log(pi)
        expected = pi * (log_pi - (pi * log_pi).sum(-1, keepdims=True))
        np.testing.assert_allclose(jax.grad(kl)(logits), expected, atol=1e-10)
