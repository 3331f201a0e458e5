"""Where the rows lie in latent space, fitted when training is over."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key
from sklearn.mixture import GaussianMixture

from evenvae.models.mixture import MixtureLatent
from evenvae.priors.standard import LOG_2PI

CANDIDATES = (1, 8, 32, 64)
"""Numbers of components that are tried, in order, while held-out draws get likelier."""
HELD_OUT = 0.1
ROWS_A_COMPONENT = 10
"""Draws that a component needs at least, for every coordinate of the latent."""
LEAST_VARIANCE = 1e-3


class FittedMixture(eqx.Module):
    """q(z) = mean over rows of q(z|x), by a mixture of normals with full covariances.

    Training moves the posteriors towards the prior p(z) but does not make their mean equal to it, and the less so the
    lighter the KL weighs: draws from p(z) fall where no row lies, and the decoder was never asked. A density fitted
    to draws of q(z|x) afterwards closes that gap (ex-post density estimation: Ghosh et al., 2020; two-stage VAE: Dai
    and Wipf, 2019). The trained prior stays the model's p(z) for likelihoods.

    ``component`` (M, S) is one-hot: which of the S components s of a mixture latent (HI-VAE) a normal belongs to; None
    where the latent is z alone.
    """

    means: Float[Array, "M latent"]
    factors: Float[Array, "M latent latent"]
    log_weights: Float[Array, " M"]
    component: Float[Array, "M S"] | None

    @classmethod
    def of(cls, draws: Any, seed: int) -> "FittedMixture":
        """Fitted to ``draws`` of the rows' posteriors, z (rows, latent) or a `MixtureLatent` of them.

        Their number of normals is the first of `CANDIDATES` after which held-out draws get no likelier.
        """
        if not isinstance(draws, MixtureLatent):
            return cls._stacked([_fit(np.asarray(draws, np.float64), seed)], None)
        z, s = np.asarray(draws.z, np.float64), np.asarray(draws.s).argmax(-1)
        found, counts = np.unique(s, return_counts=True)
        fits = [_fit(z[s == number], seed) for number in found]
        fits = [fit._replace(weights=fit.weights * n / len(s)) for fit, n in zip(fits, counts, strict=True)]
        of_fit = np.repeat(found, [len(fit.weights) for fit in fits])
        return cls._stacked(fits, jax.nn.one_hot(of_fit, draws.s.shape[-1]))

    @classmethod
    def _stacked(cls, fits: "list[Normals]", component: Float[Array, "M S"] | None) -> "FittedMixture":
        weights, means, factors = (jnp.asarray(np.concatenate(part), jnp.float32) for part in zip(*fits, strict=True))
        return cls(means, factors, jnp.log(weights), component)

    def sample(self, key: Key[Array, ""], rows: int) -> Any:
        """Draws: a normal of the mixture, then of that."""
        keys = jax.random.split(key)
        chosen = jax.random.categorical(keys[0], self.log_weights, shape=(rows,))
        noise = jax.random.normal(keys[1], (rows, self.means.shape[-1]))
        z = self.means[chosen] + jnp.einsum("rij,rj->ri", self.factors[chosen], noise)
        return z if self.component is None else MixtureLatent(z, self.component[chosen])

    def log_prob(self, latent: Any) -> Float[Array, "..."]:
        """Log-density of a latent."""
        z = latent if self.component is None else latent.z
        inverse = jax.vmap(lambda f: jax.scipy.linalg.solve_triangular(f, jnp.eye(f.shape[-1]), lower=True))(
            self.factors
        )
        residual = jnp.einsum("...l,mkl->...mk", z, inverse) - jnp.einsum("ml,mkl->mk", self.means, inverse)
        log_scale = jnp.log(jnp.diagonal(self.factors, axis1=-2, axis2=-1)).sum(-1)
        each = self.log_weights - 0.5 * (residual**2 + LOG_2PI).sum(-1) - log_scale
        if self.component is not None:
            each = jnp.where(latent.s @ self.component.T > 0.5, each, -jnp.inf)
        return jax.nn.logsumexp(each, axis=-1)


class Normals(NamedTuple):
    """Weights (M,), means (M, latent) and lower triangular factors of covariances (M, latent, latent)."""

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray


def _fit(z: Float[np.ndarray, "rows latent"], seed: int) -> Normals:
    rows, latent = z.shape
    held_out = np.random.default_rng(seed).random(rows) < HELD_OUT
    room = rows // (ROWS_A_COMPONENT * latent)
    if room == 0:
        # too few draws for a covariance: the coordinates by themselves
        variance = z.var(axis=0) + LEAST_VARIANCE if rows > 1 else np.ones(latent)
        return Normals(np.ones(1), z.mean(axis=0)[None], np.diag(np.sqrt(variance))[None])
    best, best_score = GaussianMixture(), -np.inf
    for count in [number for number in CANDIDATES if number <= room]:
        mixture = GaussianMixture(count, reg_covar=LEAST_VARIANCE, max_iter=50, tol=1e-2, random_state=seed)
        mixture.fit(z[~held_out] if held_out.any() else z)
        score = mixture.score(z[held_out] if held_out.any() else z)
        if score <= best_score:
            break
        best, best_score = mixture, score
    return Normals(best.weights_, best.means_, np.linalg.cholesky(np.asarray(best.covariances_)))
