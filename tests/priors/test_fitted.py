"""The mixture that is fitted to rows' posteriors after training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from evenvae.models.mixture import MixtureLatent
from evenvae.priors import FittedMixture


def far_apart(rows=4000):
    rng = np.random.default_rng(0)
    first = rng.multivariate_normal([4, 0], [[0.3, 0.2], [0.2, 0.3]], rows)
    second = rng.multivariate_normal([-4, 1], [[0.1, 0], [0, 2]], rows)
    return np.where(rng.random(rows)[:, None] < 0.75, first, second)


def test_draws_lie_where_the_posteriors_do():
    mixture = FittedMixture.of(far_apart(), seed=0)
    drawn = np.asarray(mixture.sample(jax.random.key(0), 4000))
    assert np.mean(drawn[:, 0] > 0) == pytest.approx(0.75, abs=0.04)
    # N(0, I) has every second draw where no row lies
    assert np.mean(np.abs(drawn[:, 0]) < 2) < 0.01
    right = drawn[drawn[:, 0] > 0]
    np.testing.assert_allclose(np.cov(right.T), [[0.3, 0.2], [0.2, 0.3]], atol=0.05)


def test_log_density_is_the_mixture_s():
    mixture = FittedMixture.of(far_apart(), seed=0)
    z = np.array([[4.0, 0.1], [-4.0, 2.0], [0.0, 0.0]])
    expected = np.logaddexp.reduce(
        [
            w + stats.multivariate_normal(m, f @ f.T).logpdf(z)
            for w, m, f in zip(*map(np.asarray, (mixture.log_weights, mixture.means, mixture.factors)), strict=True)
        ]
    )
    np.testing.assert_allclose(mixture.log_prob(jnp.asarray(z)), expected, rtol=1e-3)


def test_components_of_a_mixture_latent_keep_their_share_and_place():
    z = far_apart()
    s = np.eye(3)[np.where(z[:, 0] > 0, 2, 0)]
    mixture = FittedMixture.of(MixtureLatent(z, s), seed=0)
    drawn = mixture.sample(jax.random.key(0), 4000)
    component = np.asarray(drawn.s).argmax(-1)
    seen = component != 1
    assert np.array_equal(component[seen] == 2, np.asarray(drawn.z)[seen, 0] > 0)
    assert np.asarray(drawn.s).mean(0) == pytest.approx([0.25, 0, 0.75], abs=0.04)


def test_a_component_without_a_row_is_rare_and_not_impossible():
    z = far_apart()
    mixture = FittedMixture.of(MixtureLatent(z, np.eye(3)[np.where(z[:, 0] > 0, 2, 0)]), seed=0)
    assert np.exp(np.asarray(mixture.log_weights, float)).sum() == pytest.approx(1, abs=1e-5)
    share = np.exp(np.asarray(mixture.log_weights, float)) @ np.asarray(mixture.component)
    assert share[1] == pytest.approx(0.5 / (len(z) + 0.5), rel=1e-4)
    never = MixtureLatent(jnp.asarray(z[:1], jnp.float32), jnp.asarray([[0.0, 1.0, 0.0]]))
    assert np.isfinite(float(mixture.log_prob(never)[0]))


def test_few_rows_are_enough():
    z = far_apart(7)
    drawn = np.asarray(FittedMixture.of(z, seed=0).sample(jax.random.key(0), 500))
    assert np.isfinite(drawn).all()
    np.testing.assert_allclose(drawn.mean(0), z.mean(0), atol=0.5)
