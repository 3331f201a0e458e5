"""What must hold for every family: gradients, probabilities that sum to one, extremes, samples, marginals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from evenvae.likelihoods import IDENTITY, Bernoulli, Categorical, Histogram, LogNormal, Normal, Poisson, Scale, family
from evenvae.likelihoods.normal import moments
from evenvae.likelihoods.registry import names


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


FAMILIES = [family(name).of_column(4, ()) for name in names()]
BINNED = Histogram(bins=4)
PIXELS = [family(name, image=True).of_column(0, (3, 2)) for name in names(image=True)]
WITH_LEVELS = [family_ for family_ in [*FAMILIES, BINNED] if family_.discrete or family_.encoder_input != "value"]


def by_name(value):
    return value.name


def levels_of(likelihood):
    return np.arange(80.0 if likelihood.name == "poisson" else likelihood.level_count)


@pytest.mark.parametrize("likelihood", [*FAMILIES, BINNED], ids=by_name)
def test_gradient_agrees_with_central_differences(likelihood):
    rng = np.random.default_rng(3)
    for _ in range(5):
        parameters = jnp.asarray(rng.normal(size=likelihood.parameter_count))
        x = jnp.asarray(float(rng.integers(0, 2)))
        function = jax.jit(lambda r, x=x: likelihood.log_prob(r, x))
        step = 1e-5
        gradient = jax.grad(function)(parameters)
        for i in range(likelihood.parameter_count):
            above, below = function(parameters.at[i].add(step)), function(parameters.at[i].add(-step))
            # central differences err by h^2 f'''/6 and rounding eps/h, both near 1e-10
            assert float(gradient[i]) == pytest.approx(float((above - below) / (2 * step)), rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("likelihood", [*WITH_LEVELS, Poisson()], ids=by_name)
def test_mass_sums_to_one(likelihood):
    parameters = jnp.asarray(np.random.default_rng(0).normal(size=likelihood.parameter_count))
    total = sum(float(jnp.exp(likelihood.log_prob(parameters, jnp.array(x)))) for x in levels_of(likelihood))
    assert total == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("likelihood", [Normal(), LogNormal()], ids=by_name)
def test_density_integrates_to_one_on_the_raw_scale(likelihood):
    scale = Scale(1.2, 0.8, 0.0)
    parameters = jnp.array([0.7, np.log(np.expm1(1.3))])
    density = jax.jit(lambda x: jnp.exp(likelihood.log_prob(parameters, x) + likelihood.log_jacobian(x, scale)))
    lowest = -15 if likelihood.name == "normal" else 1e-9
    of_raw = lambda x: float(density(jnp.asarray(likelihood.to_model(np.array([x]), scale)))[0])
    assert integrate.quad(of_raw, lowest, 60, limit=200)[0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("likelihood", [*FAMILIES, BINNED], ids=by_name)
@pytest.mark.parametrize("extreme", [-80.0, 80.0])
def test_extreme_heads_stay_finite_in_float32(likelihood, extreme):
    with jax.enable_x64(False):
        parameters = jnp.full(likelihood.parameter_count, extreme, jnp.float32)
        value, gradient = jax.value_and_grad(lambda r: likelihood.log_prob(r, jnp.float32(1)))(parameters)
        assert jnp.isfinite(value)
        assert jnp.isfinite(gradient).all()


def test_scaling_a_column_shifts_its_raw_log_density():
    values = np.random.default_rng(1).lognormal(size=200)
    for likelihood in (Normal(), LogNormal()):
        small, large = likelihood.fit(values), likelihood.fit(1000 * values)
        x_small, x_large = likelihood.to_model(values, small), likelihood.to_model(1000 * values, large)
        np.testing.assert_allclose(x_small, x_large, atol=1e-9)
        shift = likelihood.log_jacobian(jnp.asarray(x_large), large) - likelihood.log_jacobian(
            jnp.asarray(x_small), small
        )
        np.testing.assert_allclose(shift, -np.log(1000), rtol=1e-9)


@pytest.mark.parametrize("likelihood", FAMILIES, ids=by_name)
def test_samples_follow_the_distribution(likelihood):
    parameters = jnp.asarray(np.random.default_rng(5).normal(size=likelihood.parameter_count) * 0.3)
    draws = likelihood.sample(jax.random.key(0), jnp.tile(parameters, (20_000, 1)), IDENTITY)
    if isinstance(likelihood, Categorical):
        share = np.bincount(np.asarray(draws).astype(int), minlength=4) / 20_000
        # five standard deviations of a frequency over 20,000 draws
        np.testing.assert_allclose(share, likelihood.probabilities(parameters), atol=5 * 0.5 / 20_000**0.5)
    else:
        error = 5 * float(draws.std()) / 20_000**0.5
        assert float(draws.mean()) == pytest.approx(float(likelihood.mean(parameters, IDENTITY)), abs=error)


@pytest.mark.parametrize("likelihood", FAMILIES, ids=by_name)
def test_marginal_heads_give_the_marginal(likelihood):
    rng = np.random.default_rng(2)
    x = {
        "normal": rng.normal(2, 3, 500),
        "lognormal": rng.normal(0, 1, 500),
        "poisson": rng.poisson(4, 500).astype(float),
        "bernoulli": (rng.random(500) < 0.2).astype(float),
    }.get(likelihood.name, rng.integers(0, 4, 500))
    parameters = jnp.asarray(likelihood.marginal(x))
    if isinstance(likelihood, Categorical):
        np.testing.assert_allclose(likelihood.probabilities(parameters), np.bincount(x) / 500, atol=0.005)
    elif likelihood.name == "lognormal":
        assert float(moments(parameters)[0]) == pytest.approx(x.mean(), abs=1e-6)
    else:
        assert float(likelihood.mean(parameters, IDENTITY)) == pytest.approx(x.mean(), abs=2e-3)


def test_an_event_shape_sums_over_the_event():
    pixels = Bernoulli(event_shape=(3, 2))
    parameters = jnp.asarray(np.random.default_rng(0).normal(size=(5, 3, 2, 1)))
    x = jnp.ones((5, 3, 2))
    expected = Bernoulli().log_prob(parameters, x).sum((-1, -2))
    np.testing.assert_allclose(pixels.log_prob(parameters, x), expected, rtol=1e-12)
    assert pixels.width == 6


@pytest.mark.parametrize("likelihood", [*FAMILIES, BINNED, *PIXELS], ids=by_name)
def test_a_family_describes_itself_without_contradiction(likelihood):
    assert likelihood.discrete == (likelihood.values in ("levels", "ordered levels"))
    assert likelihood.for_hivae().hivae == likelihood.hivae
    # what the encoder looks up, and what is compared by its distance, has a number of levels
    if likelihood.discrete or likelihood.encoder_input != "value":
        assert likelihood.level_count >= 2
    if likelihood.event_shape:
        assert likelihood.event_shape == (3, 2, 1)
        assert likelihood.hivae is None
    inside = likelihood.filler
    assert likelihood.in_support(np.array([inside, 1.0, np.nan])).tolist() == [True, True, False]


def test_the_support_of_every_family():
    values = np.array([-1.5, -1.0, 0.0, 0.5, 1.0, 2.0])
    expected = {
        "normal": [True] * 6,
        "lognormal": [False, False, True, True, True, True],
        "poisson": [False, False, True, False, True, True],
        "bernoulli": [False, False, True, False, True, False],
        "categorical": [False, False, True, False, True, True],
        "ordinal": [False, False, True, False, True, True],
    }
    for name in names():
        assert family(name).in_support(values).tolist() == expected[name]
    for name in names(image=True):
        assert family(name, image=True).in_support(values).tolist() == [False, False, True, True, True, False]
