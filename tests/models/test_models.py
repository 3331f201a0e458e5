"""Layout, input layer, space: each against the obvious slow way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from evenvae.likelihoods import Bernoulli, Categorical, LogNormal, Normal, Poisson, Scale
from evenvae.models import DiagonalNormal, Layout, inference
from evenvae.models.encoder import look_up
from evenvae.models.space import Space
from evenvae.priors import StandardNormal
from support import mixed_table, new_network


def test_layout_groups_and_restores_order():
    families = [Categorical(levels=3), Normal(), Categorical(levels=3), Normal(), Categorical(levels=5)]
    layout = Layout.of(families)
    assert [block.columns for block in layout.blocks] == [(0, 2), (1, 3), (4,)]
    assert layout.width == 3 + 2 + 3 + 2 + 5
    np.testing.assert_array_equal(np.bincount(layout.feature_of_output), [3, 2, 3, 2, 5])
    parts = [jnp.array([[0.0, 2.0]]), jnp.array([[1.0, 3.0]]), jnp.array([[4.0]])]
    np.testing.assert_array_equal(layout.join(parts), [[0, 1, 2, 3, 4]])
    assert layout.likelihoods == tuple(families)


@pytest.mark.parametrize("levels", [5, 200])
def test_looking_up_equals_a_one_hot_product(levels):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(3, levels, 4)).astype(np.float32)
    codes = rng.integers(0, levels, (10, 3))
    weight = rng.random((10, 3)).astype(np.float32)
    onehot = np.eye(levels)[codes] * weight[..., None]
    expected = np.einsum("rcl,clw->rw", onehot, table)
    np.testing.assert_allclose(look_up(jnp.asarray(table), jnp.asarray(codes), weight), expected, rtol=1e-5, atol=1e-6)


def test_kl_and_densities_agree_with_scipy():
    rng = np.random.default_rng(1)
    mean, std = rng.normal(size=(4, 3)), np.exp(rng.normal(size=(4, 3)))
    with jax.enable_x64(True):
        q = DiagonalNormal(jnp.asarray(mean), jnp.asarray(std))
        z = jnp.asarray(rng.normal(size=(4, 3)))
        np.testing.assert_allclose(q.log_prob(z), stats.norm(mean, std).logpdf(z).sum(-1), rtol=1e-10)
        prior = StandardNormal(3)
        np.testing.assert_allclose(prior.log_prob(z), stats.norm.logpdf(z).sum(-1), rtol=1e-10)
        draws = q.sample(jax.random.key(0), 200_000)
        estimate = (q.log_prob(draws) - prior.log_prob(draws)).mean(0)
        np.testing.assert_allclose(prior.kl(q), estimate, rtol=0.02)


@pytest.mark.parametrize("family", [Normal(), LogNormal(), Poisson(), Bernoulli(), Categorical(levels=4)])
def test_space_brings_raw_values_back(family):
    rng = np.random.default_rng(2)
    values = {
        "normal": rng.normal(1.6e9, 1e7, 50),
        "lognormal": rng.lognormal(5, 2, 50),
        "poisson": rng.poisson(5, 50) + 3.0,
        "bernoulli": rng.integers(0, 2, 50).astype(float),
        "categorical": rng.integers(0, 4, 50).astype(float),
    }[family.name][:, None]
    space = Space.fit([family], values, np.ones_like(values, bool))
    with jax.enable_x64(True):
        scale = Scale(*(jnp.asarray(p) for p in space.scales[0]))
        constants = Scale(*(np.asarray(p) for p in space.scales[0]))
        model = jnp.asarray(family.to_model(values, constants))
        value = np.asarray(family.value(model, scale))
    np.testing.assert_allclose(space.to_raw(value), values, rtol=1e-12)


def test_a_rows_answer_does_not_depend_on_its_neighbours():
    space, values, observed = mixed_table()
    network, states = new_network(space, values, observed)
    cells = space.cells(values, observed)
    points = inference.latent_points(8, 3)
    ask = lambda c, m: inference.log_likelihood(network, states.encoder, c, m, space.device_scales, points)["total"]
    whole = inference.in_slices(ask, cells, observed, 64)
    order = np.random.default_rng(0).permutation(len(observed))
    mixed_up = inference.in_slices(ask, tuple(c[order] for c in cells), observed[order], 64)
    np.testing.assert_allclose(mixed_up, whole[order], rtol=1e-5)
    alone = inference.in_slices(ask, tuple(c[7:8] for c in cells), observed[7:8], 1)
    np.testing.assert_allclose(alone[0], whole[7], rtol=1e-5)


def test_memory_of_many_levels_stays_bounded():
    layout = Layout.of([Categorical(levels=10_000), Normal()])
    assert inference.slice_rows(layout, 50, 100_000) * 50 * layout.width <= inference.BUDGET
