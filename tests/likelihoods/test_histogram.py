"""What histogram heads draw is what the column holds: its shares, its grid, its bounds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from evenvae.likelihoods import Histogram, Scale

ROWS = 4000


def columns():
    rng = np.random.default_rng(0)
    gain = np.where(rng.random(ROWS) < 0.9, 0, np.round(np.exp(rng.normal(8, 1, ROWS))))
    rounded = np.where(rng.random(ROWS) < 0.3, 500, rng.integers(0, 1000, ROWS)).astype(float)
    return np.stack([gain, rounded, rng.normal(50, 3, ROWS), rng.choice([0.1, 2 / 3, 5.0], ROWS)], axis=1)


@pytest.fixture(scope="module")
def fitted():
    values, family = columns(), Histogram()
    scale = Scale(*(np.array(part) for part in zip(*(family.fit(column) for column in values.T), strict=True)))
    on_device = Scale(*(jnp.asarray(part, jnp.float32) for part in family.device_scale(scale)))
    return family, values, scale, on_device, family.to_model(values, scale).astype(np.float32)


def raw_marginal(family, x):
    return jnp.asarray(family.marginal(x).reshape(x.shape[1], -1), jnp.float32)


def test_draws_at_the_marginal_follow_the_column(fitted):
    family, values, scale, on_device, x = fitted
    raw = jnp.broadcast_to(raw_marginal(family, x), (ROWS, values.shape[1], family.bins))
    drawn = family.snapped(
        np.asarray(family.sample(jax.random.key(1), raw, on_device)) * scale.scale + scale.center, scale
    )
    for column, truth in zip(drawn.T, values.T, strict=True):
        # 1.63 sqrt(2 / n) is where chance goes once in a hundred
        assert stats.ks_2samp(column, truth).statistic < 1.63 * (2 / ROWS) ** 0.5
        assert column.min() >= truth.min()
        assert column.max() <= truth.max()
    for column, spike in ((0, 0), (1, 500)):
        share = np.mean(values[:, column] == spike)
        assert np.mean(drawn[:, column] == spike) == pytest.approx(share, abs=4 * (0.25 / ROWS) ** 0.5)
    assert set(drawn[:, 3]) == {0.1, 2 / 3, 5.0}


def test_values_come_back(fitted):
    family, values, scale, on_device, x = fitted
    back = np.asarray(family.value(jnp.asarray(x), on_device)) * scale.scale + scale.center
    np.testing.assert_allclose(back[:, 1], values[:, 1], atol=values[:, 1].std() / 30)
    np.testing.assert_allclose(back[:, 2:], values[:, 2:], atol=1e-2)
    assert (np.floor(x) < family.bins).all()
    assert np.array_equal(np.floor(x[:, 0]) == 0, values[:, 0] == 0)


def test_densities_and_masses_sum_to_one(fitted):
    family, values, scale, on_device, x = fitted
    raw = raw_marginal(family, x)
    for column, continuous in ((2, True), (3, False)):
        one = Scale(*(part[column : column + 1] for part in scale))
        own = values[:, column]
        points = np.linspace(own.min(), own.max(), 20_001) if continuous else np.unique(own)
        model = jnp.asarray(family.to_model(points[:, None], one), jnp.float32)
        of_device = Scale(*(part[column : column + 1] for part in on_device))
        log_density = family.log_prob(raw[column][None, None], model) + family.log_jacobian(model, of_device)
        density = np.exp(np.asarray(log_density))[:, 0]
        total = np.trapezoid(density, points) if continuous else density.sum()
        # gaps between bins count to the lower one; bins that no row fills hold a hundredth of a row each
        assert total == pytest.approx(1, abs=0.05 if continuous else 1e-3)


def test_point_estimates_are_inside(fitted):
    family, values, scale, on_device, x = fitted
    raw = raw_marginal(family, x)
    for name in ("mean", "median", "mode", "point_estimate"):
        found = np.asarray(getattr(family, name)(raw, on_device)) * scale.scale + scale.center
        assert (found >= values.min(0) - 1e-3).all()
        assert (found <= values.max(0) + 1e-3).all()
    mean = np.asarray(family.mean(raw, on_device)) * scale.scale + scale.center
    np.testing.assert_allclose(mean, values.mean(0), atol=0.02 * values.std(0).max())
    median = np.asarray(family.median(raw, on_device)) * scale.scale + scale.center
    assert median[0] == pytest.approx(0, abs=1e-3)
    assert median[1] == pytest.approx(500, abs=1)
