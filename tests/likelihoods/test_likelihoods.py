"""Values by an independent route (SciPy, quadrature, finite differences), and what must hold at extremes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special, stats

from evenvae.likelihoods import IDENTITY, Bernoulli, Categorical, LogNormal, Normal, Poisson, Scale
from evenvae.likelihoods.normal import moments
from evenvae.likelihoods.poisson import log_factorial


def raw_normal(eta1: float, eta2: float) -> np.ndarray:
    """Raw outputs with these natural parameters: the inverse of softplus."""
    return np.array([eta1, np.log(np.expm1(-eta2))])


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def test_oracle_values():
    raw = raw_normal(0.7, -1.3)
    assert float(Normal().log_prob(raw, jnp.array(0.25))) == pytest.approx(-0.4416635799217237, rel=1e-12)
    mean, variance = moments(jnp.array(raw))
    assert float(mean) == pytest.approx(0.2692307692307692, rel=1e-12)
    assert float(variance) == pytest.approx(0.3846153846153846, rel=1e-12)
    assert float(Poisson().log_prob(jnp.array([0.9]), jnp.array(4.0))) == pytest.approx(-2.0376569415048955)
    assert float(Poisson().mode(jnp.array([0.9]), IDENTITY)) == 2
    assert float(Bernoulli().log_prob(jnp.array([-0.4]), jnp.array(1.0))) == pytest.approx(-0.9130152523999526)
    logits = jnp.array([0.2, -1.0, 0.5])
    assert float(Categorical(levels=3).log_prob(logits, jnp.array(2))) == pytest.approx(-0.6749569269138376)


def test_lognormal_oracle_on_the_raw_scale():
    raw, scale, x = raw_normal(0.7, -1.3), Scale(1.2, 0.8, 0.0), 2.5
    family = LogNormal()
    model = jnp.asarray(family.to_model(np.array(x), scale))
    density = family.log_prob(raw, model) + family.log_jacobian(model, scale)
    assert float(density) == pytest.approx(-1.640303609883429, rel=1e-12)
    shift, unit = family.affine(scale)
    for name, expected in (
        ("mode", 3.2195151356605916),
        ("median", 4.118070034511523),
        ("mean", 4.657419495658905),
    ):
        assert float(shift + unit * getattr(family, name)(raw, scale)) == pytest.approx(expected, rel=1e-12)


def test_gradient_is_statistic_minus_expectation():
    raw = jnp.array(raw_normal(0.7, -1.3))
    gradient = jax.grad(lambda r: Normal().log_prob(r, jnp.array(0.25)))(raw)
    # d eta2 / d r2 = -sigmoid(r2)
    expected = np.array([-0.0192307692307692, -0.3946005917159763 * -jax.nn.sigmoid(raw[1])])
    np.testing.assert_allclose(gradient, expected, rtol=1e-10)
    gradient = jax.grad(lambda r: Poisson().log_prob(r, jnp.array(4.0)))(jnp.array([0.9]))
    np.testing.assert_allclose(gradient, [4 - np.exp(0.9)], rtol=1e-12)


FAMILIES = [Normal(), LogNormal(), Poisson(), Bernoulli(), Categorical(levels=4)]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_gradient_agrees_with_central_differences(family):
    rng = np.random.default_rng(3)
    for _ in range(5):
        raw = jnp.asarray(rng.normal(size=family.parameters))
        x = jnp.asarray(float(rng.integers(0, 2)))
        function = lambda r, x=x: family.log_prob(r, x)
        step = 1e-5
        for i in range(family.parameters):
            difference = (function(raw.at[i].add(step)) - function(raw.at[i].add(-step))) / (2 * step)
            # central differences err by h^2 f'''/6 and rounding eps/h, both near 1e-10
            assert float(jax.grad(function)(raw)[i]) == pytest.approx(float(difference), rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("family", [Poisson(), Bernoulli(), Categorical(levels=4)], ids=lambda f: f.name)
def test_mass_sums_to_one(family):
    support = np.arange({"poisson": 80, "bernoulli": 2, "categorical": 4}[family.name])
    raw = jnp.asarray(np.random.default_rng(0).normal(size=family.parameters))
    total = sum(float(jnp.exp(family.log_prob(raw, jnp.array(float(x))))) for x in support)
    assert total == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("family", [Normal(), LogNormal()], ids=lambda f: f.name)
def test_density_integrates_to_one_on_the_raw_scale(family):
    scale = Scale(1.2, 0.8, 0.0)
    raw = raw_normal(0.7, -1.3)

    def density(x):
        model = jnp.asarray(family.to_model(np.array(x), scale))
        return float(jnp.exp(family.log_prob(raw, model) + family.log_jacobian(model, scale)))

    lowest = -15 if family.name == "normal" else 1e-9
    assert integrate.quad(density, lowest, 60, limit=200)[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("extreme", [-80.0, 80.0])
def test_extreme_heads_stay_finite_in_float32(family, extreme):
    with jax.enable_x64(False):
        raw = jnp.full(family.parameters, extreme, jnp.float32)
        value, gradient = jax.value_and_grad(lambda r: family.log_prob(r, jnp.float32(1)))(raw)
        assert jnp.isfinite(value)
        assert jnp.isfinite(gradient).all()


def test_densities_agree_with_scipy():
    x = np.linspace(-3, 4, 9)
    raw = np.tile(raw_normal(0.7, -1.3), (9, 1))
    expected = stats.norm(0.7 / 2.6, (1 / 2.6) ** 0.5).logpdf(x)
    np.testing.assert_allclose(Normal().log_prob(jnp.asarray(raw), jnp.asarray(x)), expected, rtol=1e-10)


def test_scaling_a_column_shifts_its_raw_log_density():
    values = np.random.default_rng(1).lognormal(size=200)
    for family in (Normal(), LogNormal()):
        small, large = family.fit(values), family.fit(1000 * values)
        x_small, x_large = family.to_model(values, small), family.to_model(1000 * values, large)
        np.testing.assert_allclose(x_small, x_large, atol=1e-9)
        shift = family.log_jacobian(jnp.asarray(x_large), large) - family.log_jacobian(jnp.asarray(x_small), small)
        np.testing.assert_allclose(shift, -np.log(1000), rtol=1e-9)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_samples_follow_the_distribution(family):
    raw = jnp.asarray(np.random.default_rng(5).normal(size=family.parameters) * 0.3)
    draws = family.sample(jax.random.key(0), jnp.tile(raw, (20_000, 1)), IDENTITY)
    if family.name == "categorical":
        share = np.bincount(np.asarray(draws).astype(int), minlength=4) / 20_000
        # five standard deviations of a frequency over 20,000 draws
        np.testing.assert_allclose(share, family.probabilities(raw), atol=5 * 0.5 / 20_000**0.5)
    else:
        error = 5 * float(draws.std()) / 20_000**0.5
        assert float(draws.mean()) == pytest.approx(float(family.mean(raw, IDENTITY)), abs=error)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_marginal_heads_give_the_marginal(family):
    rng = np.random.default_rng(2)
    x = {
        "normal": rng.normal(2, 3, 500),
        "lognormal": rng.normal(0, 1, 500),
        "poisson": rng.poisson(4, 500).astype(float),
        "bernoulli": (rng.random(500) < 0.2).astype(float),
        "categorical": rng.integers(0, 4, 500),
    }[family.name]
    raw = jnp.asarray(family.marginal(x))
    if family.name == "categorical":
        np.testing.assert_allclose(family.probabilities(raw), np.bincount(x) / 500, atol=0.005)
    elif family.name == "lognormal":
        assert float(moments(raw)[0]) == pytest.approx(x.mean(), abs=1e-6)
    else:
        assert float(family.mean(raw, IDENTITY)) == pytest.approx(x.mean(), abs=2e-3)


def test_zeros_of_a_positive_column_get_half_the_smallest_value():
    scale = LogNormal().fit(np.array([0.0, 0.0, 4.0, 8.0]))
    assert scale.offset == 2.0
    assert LogNormal(zero_offset=1e-20).fit(np.array([0.0, 4.0])).offset == 1e-20


def test_an_event_shape_sums_over_the_event():
    pixels = Bernoulli(event_shape=(3, 2))
    raw = jnp.asarray(np.random.default_rng(0).normal(size=(5, 3, 2, 1)))
    x = jnp.ones((5, 3, 2))
    expected = Bernoulli().log_prob(raw, x).sum((-1, -2))
    np.testing.assert_allclose(pixels.log_prob(raw, x), expected, rtol=1e-12)
    assert pixels.width == 6


def test_poisson_rate_continues_without_overflow():
    with jax.enable_x64(False):
        gradient = jax.grad(lambda r: Poisson().log_prob(r, jnp.float32(0)))(jnp.array([500.0], jnp.float32))
        assert jnp.isfinite(gradient).all()
        assert float(gradient[0]) < 0


@pytest.mark.parametrize(("kind", "error"), [(np.float32, 1e-5), (np.float64, 1e-13)])
def test_log_factorial_is_that_of_scipy(kind, error):
    x = np.concatenate([np.arange(2000.0), np.linspace(0, 20, 401), [1e5, 1e8]])
    with jax.enable_x64(kind is np.float64):
        found = np.asarray(log_factorial(jnp.asarray(x, kind)))
    exact = special.gammaln(x + 1)
    np.testing.assert_array_less(np.abs(found - exact), error * np.maximum(exact, 1))
