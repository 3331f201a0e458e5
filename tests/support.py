"""Small tables and networks that several tests train."""

import jax
import jax.numpy as jnp
import numpy as np

from evenvae.likelihoods import Bernoulli, Categorical, LogNormal, Normal, Poisson
from evenvae.models import HIVAEConfig, VAEConfig, make_vae
from evenvae.models.space import Space
from evenvae.objectives import ELBO
from evenvae.priors import MixturePrior, StandardNormal
from evenvae.training import Method, Network, first_states


def mixed_table():
    """A small table of every kind with holes: (space, values, observed)."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 2))
    values = np.stack(
        [
            3 * z[:, 0] + 5,
            np.exp(z[:, 1]),
            rng.poisson(np.exp(z[:, 0])),
            z[:, 0] > 0,
            np.digitize(z[:, 1], [-1, 0, 1]),
            np.digitize(z[:, 0], [-1, 0, 1]),
        ],
        axis=1,
    ).astype(float)
    observed = rng.random(values.shape) > 0.1
    values[~observed] = np.nan
    families = [Normal(), LogNormal(), Poisson(), Bernoulli(), Categorical(levels=4), Categorical(levels=4)]
    return Space.fit(families, values, observed), values, observed


PLAIN = Method(ELBO(), None)


def new_network(space, values, observed, network="residual", seed=1, encoder_input="standardized_onehot", method=PLAIN):
    """A small network of a kind (residual, paper, hivae) and the states before its first step."""
    key = jax.random.key(seed)
    if network == "hivae":
        config = HIVAEConfig(latent_size=3, components=4, slice_size=2, steps_per_epoch=1.0)
        made = Network(config.build(space.layout, None, key), MixturePrior.of(4, 3, jax.random.fold_in(key, 1)))
        return made, first_states(made, method)
    paper = network == "paper"
    config = VAEConfig(3, 16, 2, network, encoder_input, 0.1 if paper else 0.0, see_mask=not paper)
    model = make_vae(config, space.layout, space.marginal_bias(values, observed), key)
    made = Network(model, StandardNormal(3))
    return made, first_states(made, method)


def widened(tree):
    """Every float array in float64."""
    wide = lambda a: jnp.asarray(a, jnp.float64) if jnp.issubdtype(a.dtype, jnp.floating) else jnp.asarray(a)
    return jax.tree.map(lambda a: wide(jnp.asarray(a)), tree)
