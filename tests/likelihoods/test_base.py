"""What must hold for every family: gradients, probabilities that sum to one, extremes, samples, marginals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, optimize

from evenvae.likelihoods import Bernoulli, Categorical, Histogram, LogNormal, Normal, Poisson, Scale, family
from evenvae.likelihoods.discretisedlogistic import DiscretisedLogistic
from evenvae.likelihoods.normal import moments
from evenvae.likelihoods.registry import names
from evenvae.likelihoods.zeroinflated import ZeroInflated


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


FAMILIES = [family(name).of_column(4, ()) for name in names()]
REAL = ("student-t", "logit-normal", "discretised-logistic", "monotone", "spiked-normal", "spiked-logit-normal",
        "spiked-monotone")  # fmt: skip
COUNTS = ("negative-binomial", "zero-inflated-poisson", "zero-inflated-negative-binomial")
BINNED = Histogram(bins=4)
PIXELS = [family(name, image=True).of_column(0, (3, 2)) for name in names(image=True)]
WITH_LEVELS = [family_ for family_ in [*FAMILIES, BINNED] if family_.discrete or family_.encoder_input != "value"]


def by_name(value):
    return value.name


def raw_values(name, count=500):
    """Cells of a column for which the family is made."""
    rng = np.random.default_rng(2)
    spiked = lambda values: np.where(rng.random(count) < 0.3, 0.0, values)
    return {
        "normal": lambda: rng.normal(2, 3, count),
        "student-t": lambda: 5 + 2 * rng.standard_t(5, count),
        "lognormal": lambda: rng.lognormal(1, 0.5, count),
        "logit-normal": lambda: 100 * rng.beta(2, 3, count),
        "monotone": lambda: rng.gamma(2, 10, count),
        "discretised-logistic": lambda: np.round(rng.logistic(100, 7, count)),
        "poisson": lambda: rng.poisson(4, count).astype(float),
        "negative-binomial": lambda: rng.negative_binomial(3, 0.3, count).astype(float),
        "zero-inflated-poisson": lambda: spiked(rng.poisson(4, count).astype(float)),
        "zero-inflated-negative-binomial": lambda: spiked(rng.negative_binomial(3, 0.3, count).astype(float)),
        "spiked-normal": lambda: spiked(rng.normal(2, 3, count)),
        "spiked-lognormal": lambda: spiked(rng.lognormal(1, 0.5, count)),
        "spiked-logit-normal": lambda: spiked(rng.beta(2, 3, count)),
        "spiked-monotone": lambda: spiked(rng.gamma(2, 10, count)),
        "bernoulli": lambda: (rng.random(count) < 0.2).astype(float),
    }.get(name, lambda: rng.integers(0, 4, count).astype(float))()


def fitted(likelihood, values):
    """Constants of a block of one column, on the host and for programs, and the column's cells in model space."""
    scale = Scale(*(np.asarray(part, float)[None] for part in likelihood.fit(values)))
    device = Scale(*(np.asarray(part, float) for part in likelihood.device_scale(scale)))
    return scale, device, likelihood.to_model(values[:, None], scale)[:, 0]


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
    _, scale, _ = fitted(likelihood, raw_values(likelihood.name))
    parameters = jnp.asarray(np.random.default_rng(5).normal(size=likelihood.parameter_count) * 0.3)
    draws = likelihood.sample(jax.random.key(0), jnp.tile(parameters, (20_000, 1, 1)), scale)
    if isinstance(likelihood, Categorical):
        share = np.bincount(np.asarray(draws)[:, 0].astype(int), minlength=4) / 20_000
        # five standard deviations of a frequency over 20,000 draws
        np.testing.assert_allclose(share, likelihood.probabilities(parameters), atol=5 * 0.5 / 20_000**0.5)
    else:
        error = 5 * float(draws.std()) / 20_000**0.5
        expected = float(likelihood.mean(parameters[None], scale)[0])
        # a discretised variable's mean is said to half a step, which is 2^-fineness units
        rounding = 0.5 * 2.0**-likelihood.fineness if isinstance(likelihood, DiscretisedLogistic) else 0
        assert float(draws.mean()) == pytest.approx(expected, abs=error + rounding)


@pytest.mark.parametrize("likelihood", [one for one in FAMILIES if not one.discrete], ids=by_name)
def test_half_of_the_draws_lie_up_to_the_median(likelihood):
    _, scale, x = fitted(likelihood, raw_values(likelihood.name))
    parameters = jnp.asarray(likelihood.marginal(x))
    draws = np.asarray(likelihood.sample(jax.random.key(0), jnp.tile(parameters, (20_000, 1, 1)), scale))
    median = float(likelihood.median(parameters[None], scale)[0])
    # five standard deviations of a frequency; counts are exact to one
    near = 5 * 0.5 / 20_000**0.5
    step = 1.0 if isinstance(likelihood, Poisson | ZeroInflated) else 1e-6
    assert (draws <= median + step).mean() >= 0.5 - near
    assert (draws >= median - step).mean() >= 0.5 - near


CONTINUOUS = ("normal", "student-t", "lognormal", "logit-normal", "monotone", "discretised-logistic")


@pytest.mark.parametrize("likelihood", [family(name).of_column(4, ()) for name in CONTINUOUS], ids=by_name)
def test_no_density_is_higher_than_that_of_the_mode(likelihood):
    values = raw_values(likelihood.name)
    scale, device, x = fitted(likelihood, values)
    parameters = jnp.asarray(likelihood.marginal(x))
    shift, unit = likelihood.affine(scale)
    mode = np.asarray(shift + unit * likelihood.mode(parameters[None], device))
    raw = np.linspace(values.min(), values.max(), 400)[:, None]
    at = lambda raw: (
        likelihood.log_prob(parameters[None], (cells := likelihood.to_model(raw, scale)))
        + (likelihood.log_jacobian(jnp.asarray(cells), device))
    )
    # the mode of a logit-normal is one of 63 places
    assert float(at(mode[None]).max()) > float(at(raw).max()) - 0.01


@pytest.mark.parametrize("likelihood", FAMILIES, ids=by_name)
def test_marginal_heads_give_the_marginal(likelihood):
    values = raw_values(likelihood.name)
    scale, device, x = fitted(likelihood, values)
    parameters = jnp.asarray(likelihood.marginal(x))
    if isinstance(likelihood, Categorical):
        np.testing.assert_allclose(likelihood.probabilities(parameters), np.bincount(x.astype(int)) / 500, atol=0.005)
    elif likelihood.name == "lognormal":
        assert float(moments(parameters)[0]) == pytest.approx(x.mean(), abs=1e-6)
    else:
        shift, unit = likelihood.affine(scale)
        mean = float((shift + unit * likelihood.mean(parameters[None], device))[0])
        # families without the mean among their statistics have it nearly
        exact = likelihood.name in ("normal", "poisson", "negative-binomial", "discretised-logistic", "spiked-normal")
        assert mean == pytest.approx(values.mean(), abs=2e-3 if exact else 0.1 * values.std())


@pytest.mark.parametrize("likelihood", [one for one in FAMILIES if not one.discrete], ids=by_name)
def test_no_parameters_describe_the_cells_much_better_than_the_marginal(likelihood):
    x = fitted(likelihood, raw_values(likelihood.name))[2]
    marginal, cells = jnp.asarray(likelihood.marginal(x)), jnp.asarray(x)[:, None]
    loss = jax.jit(lambda r: -likelihood.log_prob(jnp.broadcast_to(r, (*cells.shape, r.size)), cells).mean())
    best = optimize.minimize(loss, marginal, jac=jax.jit(jax.grad(loss)), options={"maxiter": 200})
    # a fiftieth of a nat a cell, by which families are compared
    assert float(loss(marginal)) < best.fun + 0.02


@pytest.mark.parametrize("likelihood", [one for one in FAMILIES if not one.discrete], ids=by_name)
def test_raw_values_come_back_from_model_space(likelihood):
    values = raw_values(likelihood.name)
    scale, device, x = fitted(likelihood, values)
    shift, unit = likelihood.affine(scale)
    found = np.asarray(shift + unit * likelihood.value(jnp.asarray(x)[:, None], device))
    np.testing.assert_allclose(likelihood.snapped(found, scale)[:, 0], values, rtol=1e-9, atol=1e-9)


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
        **{name: [True] * 6 for name in REAL},
        **{name: [False, False, True, False, True, True] for name in COUNTS},
        "spiked-lognormal": [False, False, True, True, True, True],
        "categorical": [False, False, True, False, True, True],
        "ordinal": [False, False, True, False, True, True],
    }
    for name in names():
        assert family(name).in_support(values).tolist() == expected[name]
    for name in names(image=True):
        assert family(name, image=True).in_support(values).tolist() == [False, False, True, True, True, False]
