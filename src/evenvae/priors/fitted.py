"""A density of the rows' latents, fitted after training."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from evenvae.constants import LOG_2PI
from evenvae.likelihoods.draws import draw_levels
from evenvae.models.mixture import MixtureLatent
from evenvae.priors.base import Prior

CANDIDATES = (1, 8, 32, 64)
"""Numbers of components that are tried in this order, as long as held-out draws become likelier."""
HELD_OUT = 0.1
"""Share of the draws that are held out."""
ROWS_A_COMPONENT = 10
"""Least number of draws for each component and coordinate of the latent."""
LEAST_VARIANCE = 1e-3


class FittedMixture(Prior):
    r"""The density of the rows' latents, as a mixture of normals with full covariances, fitted after training.

    Formula:
        $$ q(z) = \frac1N \sum_n q(z|x_n) \approx \sum_{m=1}^M w_m\, N(z;\, \mu_m, F_m F_m^\top) $$

    Training moves the posteriors towards the prior p(z) but does not make their mean equal to it, and the less so the
    smaller the weight of the KL. Some draws of p(z) then fall where no row lies, and the decoder has never been trained
    there. A density that is fitted to draws of q(z|x) afterwards closes that gap (ex-post density estimation: Ghosh et
    al., 2020; two-stage VAE: Dai and Wipf, 2019). It takes the trained prior's place in every question.

    Use it when:
        The KL has a small weight. It is no choice of ``prior=``: ``Sampling(latents="fitted")`` sets it, and the
        default and ``purpose="sample"`` have it.

    Cost:
        A fit to the latents of at most 20,000 rows after training; nothing while training.

    Attributes:
        means, factors, log_weights: of the M normals; the factors are lower triangular, with covariance f f'.
        component: one-hot, which of the S components s of a mixture latent (HI-VAE) each normal belongs to; None where
            the latent is z alone.
    """

    means: Float[Array | np.ndarray, "M latent"]
    factors: Float[Array | np.ndarray, "M latent latent"]
    log_weights: Float[Array | np.ndarray, " M"]
    component: Float[Array | np.ndarray, "M S"] | None
    inverses: Float[Array | np.ndarray, "M latent latent"]

    @classmethod
    def of_parts(
        cls,
        means: Float[Array | np.ndarray, "M latent"],
        factors: Float[Array | np.ndarray, "M latent latent"],
        log_weights: Float[Array | np.ndarray, " M"],
        component: Float[Array | np.ndarray, "M S"] | None = None,
    ) -> "FittedMixture":
        """With the inverses of the factors, computed on the host.

        XLA on CPU solves systems on the threads that run programs, and two programs at once would wait for each other
        for ever.
        """
        inverses = np.linalg.inv(np.asarray(factors, np.float64)).astype(np.float32)
        return cls(means, factors, log_weights, component, inverses)

    def parts(self) -> dict[str, Any]:
        """What `of_parts` makes the same mixture from."""
        parts = {"means": self.means, "factors": self.factors, "log_weights": self.log_weights}
        return parts if self.component is None else parts | {"component": self.component}

    @classmethod
    def of(cls, draws: Any, seed: int) -> "FittedMixture":
        """Fitted to draws of the rows' posteriors.

        The number of normals is the last of `CANDIDATES` by which held-out draws have become likelier.

        Args:
            draws: one latent for each row, as a prior sees it: z (rows, latent), or z and a one-hot component.
            seed: of the fit.
        """
        z, *components = jax.tree.leaves(draws)
        z = np.asarray(z, np.float64)
        if not components:
            return cls._stacked([_fit(z, seed)], None)
        (component,) = components
        s = np.asarray(component).argmax(-1)
        size = component.shape[-1]
        counts = np.bincount(s, minlength=size)
        # a component without a draw is rare, not impossible: it gets a wide normal and half a draw
        counted = np.where(counts > 0, counts, 0.5)
        share = counted / counted.sum()
        fits = [_fit(z[s == number], seed) if counts[number] else _wide(z) for number in range(size)]
        fits = [fit._replace(weights=fit.weights * part) for fit, part in zip(fits, share, strict=True)]
        of_fit = np.repeat(np.arange(size), [len(fit.weights) for fit in fits])
        return cls._stacked(fits, jax.nn.one_hot(of_fit, component.shape[-1]))

    @classmethod
    def _stacked(cls, fits: "list[Normals]", component: Float[Array, "M S"] | None) -> "FittedMixture":
        weights, means, factors = (np.concatenate(part).astype(np.float32) for part in zip(*fits, strict=True))
        return cls.of_parts(means, factors, np.log(weights), component)

    def sample(self, key: Key[Array, ""], rows: int) -> Any:
        """Draws: one of the normals, then from it; with its component, if there is one."""
        keys = jax.random.split(key)
        chosen = draw_levels(keys[0], jnp.asarray(self.log_weights), rows)
        noise = jax.random.normal(keys[1], (rows, self.means.shape[-1]))
        z = self.means[chosen] + jnp.einsum("rij,rj->ri", self.factors[chosen], noise)
        return z if self.component is None else MixtureLatent(z, self.component[chosen])

    def log_prob(self, latent: Any) -> Float[Array, "..."]:
        """Log-density of z, or of z and its component."""
        z = latent if self.component is None else latent.z
        residual = jnp.einsum("...l,mkl->...mk", z, self.inverses)
        residual -= jnp.einsum("ml,mkl->mk", self.means, self.inverses)
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


def _wide(z: Float[np.ndarray, "rows latent"]) -> Normals:
    """One normal with independent coordinates, for what has too few draws for a covariance."""
    rows, latent = z.shape
    variance = z.var(axis=0) + LEAST_VARIANCE if rows > 1 else np.ones(latent)
    return Normals(np.ones(1), z.mean(axis=0)[None], np.diag(np.sqrt(variance))[None])


def _fit(z: Float[np.ndarray, "rows latent"], seed: int) -> Normals:
    """As many normals as held-out draws ask for."""
    rows, latent = z.shape
    held_out = np.random.default_rng(seed).random(rows) < HELD_OUT
    room = rows // (ROWS_A_COMPONENT * latent)
    if room == 0:
        return _wide(z)
    from sklearn.mixture import GaussianMixture

    best, best_score = GaussianMixture(), -np.inf
    for count in [number for number in CANDIDATES if number <= room]:
        mixture = GaussianMixture(count, reg_covar=LEAST_VARIANCE, max_iter=50, tol=1e-2, random_state=seed)
        mixture.fit(z[~held_out] if held_out.any() else z)
        score = mixture.score(z[held_out] if held_out.any() else z)
        if score <= best_score:
            break
        best, best_score = mixture, score
    return Normals(best.weights_, best.means_, np.linalg.cholesky(np.asarray(best.covariances_)))
