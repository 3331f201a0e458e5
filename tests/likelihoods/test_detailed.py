"""What a column's details add to a family: inputs of the encoder and a prediction, and nothing to the likelihood."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.likelihoods import Histogram, Normal
from evenvae.likelihoods.detailed import BINS, COMMON, FAMILY_REACH, Detailed
from evenvae.likelihoods.spiked import SpikedLogNormal
from support import block


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def values():
    """A third zeros, the rest amounts."""
    rng = np.random.default_rng(0)
    return np.where(rng.random(3000) < 0.33, 0.0, np.round(np.exp(rng.normal(3, 0.8, 3000)), 2))


@pytest.mark.parametrize("base", [Normal(), SpikedLogNormal(), Histogram()])
def test_the_likelihood_stays_that_of_the_family(base, values):
    likelihood = Detailed(base=base, rich=True, point=True)
    (scale, device), (own, own_device) = block(likelihood, values), block(base, values)
    assert np.shape(scale.offset)[1:] == likelihood.offset_shape
    x = jnp.asarray(base.to_model(values[:50, None], own))
    np.testing.assert_allclose(likelihood.to_model(values[:50, None], scale), x)
    parameters = jnp.asarray(np.random.default_rng(1).normal(size=(50, 1, likelihood.parameter_count)))
    family = parameters[..., :-1]
    np.testing.assert_allclose(likelihood.log_prob(parameters, x), base.log_prob(family, x))
    np.testing.assert_allclose(likelihood.log_jacobian(x, device), base.log_jacobian(x, own_device))
    for name in ("mode", "mean", "median"):
        ours, its = getattr(likelihood, name)(parameters, device), getattr(base, name)(family, own_device)
        np.testing.assert_allclose(ours, its, err_msg=name)
    uniform = jnp.asarray(np.random.default_rng(2).uniform(size=(base.uniforms, 50, 1)))
    np.testing.assert_allclose(
        likelihood.from_uniform(uniform, parameters, device), base.from_uniform(uniform, family, own_device)
    )
    marginal = likelihood.marginal(np.asarray(x)[:, 0])
    np.testing.assert_allclose(marginal[:-1], base.marginal(np.asarray(x)[:, 0]))
    assert marginal[-1] == 0


@pytest.mark.parametrize("base", [Normal(), SpikedLogNormal(), Histogram()])
def test_the_prediction_is_the_least_squares_one(base, values):
    likelihood = Detailed(base=base, point=True)
    scale, device = block(likelihood, values)
    x = jnp.asarray(likelihood.to_model(values[:, None], scale))
    loss = lambda guess: (
        -likelihood.auxiliary(jnp.zeros((1, 1, likelihood.parameter_count)).at[..., -1].set(guess), x, device).mean()
    )
    # a quadratic function: one step of Newton's method finds its least value, the mean
    best = -jax.grad(loss)(0.0) / jax.grad(jax.grad(loss))(0.0)
    parameters = jnp.zeros((1, 1, likelihood.parameter_count)).at[..., -1].set(best)
    shift, unit = likelihood.affine(scale)
    raw = shift + unit * np.asarray(likelihood.point_estimate(parameters, device))[0]
    assert raw[0] == pytest.approx(values.mean(), rel=1e-3)
    assert float(loss(best)) == pytest.approx(0.5, rel=0.02)  # half a squared standard deviation


def test_the_encoder_sees_place_between_quantiles_and_common_values(values):
    likelihood = Detailed(base=SpikedLogNormal(), rich=True)
    scale, device = block(likelihood, values)
    some = np.array([0.0, np.quantile(values, 0.75), values.max()])
    x = jnp.asarray(likelihood.to_model(some[:, None], scale))
    seen = np.asarray(likelihood.encoder_features(x, device))[:, 0]
    assert seen.shape == (3, likelihood.encoder_width) == (3, 1 + BINS + COMMON)
    between, equal = seen[:, 1 : 1 + BINS], seen[:, 1 + BINS :]
    assert equal[:, 0].tolist() == [1, 0, 0]  # 0 is the commonest value
    np.testing.assert_array_equal(equal[1:], 0)
    # every entry counts one bin: three quarters of them lie below the upper quartile
    assert between[1].sum() == pytest.approx(0.75 * BINS, abs=1)
    np.testing.assert_allclose(between[2], 1)
    assert (np.diff(seen[:, 0]) >= 0).all()


def test_without_details_the_encoder_sees_what_the_family_says(values):
    likelihood = Detailed(base=Normal(), point=True)
    scale, device = block(likelihood, values)
    x = jnp.asarray(likelihood.to_model(values[:5, None], scale))
    np.testing.assert_allclose(likelihood.encoder_features(x, device)[..., 0], Normal().encoder_value(x, device))
    assert Detailed(base=Histogram(), point=True).encoder_input == "level"
    assert Detailed(base=Histogram(), rich=True).encoder_input == "value"


def test_a_share_of_the_familys_gradient_reaches_the_shared_layers():
    np.testing.assert_array_equal(Detailed(base=Normal(), point=True).reach, [FAMILY_REACH, FAMILY_REACH, 1])
    np.testing.assert_array_equal(Detailed(base=Normal(), rich=True).reach, [1, 1])


@pytest.mark.parametrize("column", [np.zeros(0), np.full(7, 3.0), np.array([1.0])])
def test_columns_with_nothing_to_tell_are_finite(column):
    likelihood = Detailed(base=Normal(), rich=True, point=True)
    scale, device = block(likelihood, column)
    x = jnp.asarray(likelihood.to_model(np.array([[3.0], [4.0]]), scale))
    parameters = jnp.zeros((2, 1, likelihood.parameter_count))
    assert np.isfinite(likelihood.encoder_features(x, device)).all()
    assert np.isfinite(likelihood.auxiliary(parameters, x, device)).all()
