"""The log-normal likelihood against stored values, and its offsets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.likelihoods import LogNormal, Scale


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


def test_lognormal_oracle_on_the_raw_scale():
    # natural parameters 0.7 and -1.3: the inverse of softplus
    parameters = jnp.array([[0.7, np.log(np.expm1(1.3))]])
    scale, family = Scale(1.2, 0.8, 0.0), LogNormal()
    model = jnp.asarray(family.to_model(np.array([2.5]), scale))
    density = family.log_prob(parameters, model) + family.log_jacobian(model, scale)
    assert float(density[0]) == pytest.approx(-1.640303609883429, rel=1e-12)
    shift, unit = family.affine(scale)
    for name, expected in (
        ("mode", 3.2195151356605916),
        ("median", 4.118070034511523),
        ("mean", 4.657419495658905),
        ("point_estimate", 4.118070034511523),
    ):
        found = shift + unit * getattr(family, name)(parameters, scale)
        assert float(found[0]) == pytest.approx(expected, rel=1e-12)


def test_zeros_of_a_positive_column_get_half_the_smallest_value():
    scale = LogNormal().fit(np.array([0.0, 0.0, 4.0, 8.0]))
    assert scale.offset == 2.0
    assert LogNormal(zero_offset=1e-20).fit(np.array([0.0, 4.0])).offset == 1e-20


def test_hivae_takes_the_logarithm_of_one_plus_x():
    assert LogNormal().for_hivae() == LogNormal(offset=1.0)
    assert LogNormal().for_hivae().fit(np.array([2.0, 4.0])).offset == 1.0


def test_a_first_zero_is_infinitely_far_without_a_warning(recwarn):
    family, values = LogNormal(), np.array([1.0, 2.0, 5.0])
    assert family.to_model(np.array([0.0, 2.0]), family.fit(values))[0] == -np.inf
    assert not recwarn.list


def test_zeros_beside_the_smallest_float_have_finite_logarithms():
    scale = LogNormal().fit(np.array([0.0, 5e-324, 1.0]))
    assert scale.offset > 0
    assert np.isfinite(LogNormal().to_model(np.array([0.0, 1.0]), scale)).all()
