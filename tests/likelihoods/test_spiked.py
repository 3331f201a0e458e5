"""Atoms beside a family: probabilities, statistics, draws, and what the encoder sees."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from evenvae.likelihoods import Normal, Scale
from evenvae.likelihoods.spiked import ATOMS, MARK, SpikedLogNormal, SpikedNormal
from support import block


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture
def values():
    """A third zeros, a tenth at the top, the rest between."""
    rng = np.random.default_rng(0)
    kind = rng.random(2000)
    return np.where(kind < 0.33, 0.0, np.where(kind < 0.43, 750.0, np.round(rng.normal(300, 60, 2000), 1)))


def test_the_atoms_are_found_and_marked(values):
    likelihood = SpikedNormal()
    scale, _ = block(likelihood, values)
    model = likelihood.to_model(np.array([[0.0], [750.0], [301.5]]), scale)[:, 0]
    assert model[:2].tolist() == [MARK, MARK + 1]
    rest = values[(values != 0) & (values != 750)]
    assert model[2] == pytest.approx((301.5 - rest.mean()) / rest.std(ddof=1))


def test_probabilities_of_atoms_and_of_all_other_numbers_add_up_to_one(values):
    likelihood = SpikedNormal()
    _, device = block(likelihood, values)
    parameters = jnp.asarray(np.random.default_rng(1).normal(size=likelihood.parameter_count))[None]
    at = jax.jit(lambda x: jnp.exp(likelihood.log_prob(parameters, x) + likelihood.log_jacobian(x, device))[..., 0])
    between = integrate.quad(lambda x: float(at(jnp.array([[x]]))[0]), -60, 60, limit=400, points=[0])[0]
    width = 0.1  # one decimal
    atoms = sum(float(at(jnp.array([[MARK + number]]))[0]) * width for number in range(ATOMS))
    # the density is for raw values, and the integral goes over standardised ones
    assert between * float(device.scale[0]) + atoms == pytest.approx(1, abs=1e-6)


def test_the_marginal_gives_frequencies_and_moments(values):
    likelihood = SpikedNormal()
    scale, device = block(likelihood, values)
    parameters = jnp.asarray(likelihood.marginal(likelihood.to_model(values[:, None], scale)[:, 0]))[None]
    share = np.asarray(jax.nn.softmax(parameters[0, : ATOMS + 1]))
    assert share[0] == pytest.approx((values == 0).mean(), abs=1e-4)
    assert share[1] == pytest.approx((values == 750).mean(), abs=1e-4)
    shift, unit = likelihood.affine(scale)
    assert float((shift + unit * likelihood.mean(parameters, device))[0]) == pytest.approx(values.mean(), rel=1e-3)
    # the median lies between the atoms, where the numbers of the family are
    median = float((shift + unit * likelihood.median(parameters, device))[0])
    rest = stats.norm(float(scale.center[0]), float(scale.scale[0]))
    expected = rest.ppf((0.5 - share[0]) / share[ATOMS])
    assert median == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("favoured", "expected"), [(0, 0.0), (1, 750.0)])
def test_a_certain_atom_is_every_statistic_and_every_draw(values, favoured, expected):
    likelihood = SpikedNormal()
    scale, device = block(likelihood, values)
    parameters = jnp.zeros((1, likelihood.parameter_count)).at[0, favoured].set(60.0)
    shift, unit = likelihood.affine(scale)
    for name in ("mean", "median", "mode", "point_estimate"):
        found = float((shift + unit * getattr(likelihood, name)(parameters, device))[0])
        assert found == pytest.approx(expected, abs=1e-9)
    draws = likelihood.sample(jax.random.key(0), jnp.tile(parameters, (50, 1, 1)), device)
    raw = likelihood.snapped(np.asarray(shift + unit * draws), scale)
    assert np.unique(raw).tolist() == [expected]


def test_draws_hold_the_atoms_to_the_last_digit_in_float32(values):
    with jax.enable_x64(False):
        likelihood = SpikedNormal()
        scale, device = block(likelihood, values)
        device = Scale(*(np.float32(part) for part in device))
        model = likelihood.to_model(values[:, None], scale)[:, 0]
        parameters = jnp.asarray(likelihood.marginal(model), jnp.float32)[None]
        draws = likelihood.sample(jax.random.key(1), jnp.tile(parameters, (2000, 1, 1)), device)
    shift, unit = likelihood.affine(scale)
    raw = likelihood.snapped(shift + unit * np.asarray(draws, float), scale)[:, 0]
    for atom in (0.0, 750.0):
        share = (values == atom).mean()
        assert (raw == atom).mean() == pytest.approx(share, abs=5 * (share * (1 - share) / 2000) ** 0.5)


def test_a_column_without_atoms_is_the_family_alone():
    values = np.random.default_rng(0).normal(size=500)
    likelihood = SpikedNormal()
    scale, _ = block(likelihood, values)
    x = likelihood.to_model(values[:, None], scale)
    assert np.abs(x).max() < 10
    parameters = jnp.asarray(likelihood.marginal(x[:, 0]))
    plain = jnp.asarray(Normal().marginal(x[:, 0]))
    # each of the four places without an atom counts as a hundredth of a row
    lost = np.log1p(ATOMS * 0.01 / 500)
    np.testing.assert_allclose(
        likelihood.log_prob(parameters[None], jnp.asarray(x)), Normal().log_prob(plain[None], jnp.asarray(x)) - lost,
        atol=1e-9,
    )  # fmt: skip


def test_the_encoder_sees_an_atom_beyond_the_other_numbers():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(1000) < 0.4, 0.0, rng.lognormal(3, 0.5, 1000))
    likelihood = SpikedLogNormal()
    scale, device = block(likelihood, values)
    x = jnp.asarray(likelihood.to_model(values[:, None], scale))
    seen = np.asarray(likelihood.encoder_value(x, device))[:, 0]
    assert np.isfinite(seen).all()
    zero = seen[values == 0]
    assert np.unique(zero).size == 1
    assert zero[0] < seen[values > 0].min() - 0.5


def test_a_gradient_of_an_atom_reaches_the_logits_alone(values):
    likelihood = SpikedNormal()
    parameters = jnp.asarray(np.random.default_rng(2).normal(size=likelihood.parameter_count))
    gradient = jax.grad(lambda r: likelihood.log_prob(r, jnp.asarray(MARK)))(parameters)
    assert np.asarray(gradient[: ATOMS + 1]).all()
    assert not np.asarray(gradient[ATOMS + 1 :]).any()
