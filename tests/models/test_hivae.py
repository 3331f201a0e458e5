"""HI-VAE: private slices, stored moments, temperature, and the families that it knows."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.errors import InputError
from evenvae.fitted.asking import statistic
from evenvae.likelihoods import Categorical, Histogram, Normal, NormalPixels, Ordinal, family
from evenvae.likelihoods.registry import names
from evenvae.likelihoods.studentt import StudentT
from evenvae.models import HIVAEConfig, Layout, Space, linear, log_prob
from evenvae.models.hivae import batch_moments, roles
from evenvae.objectives import ELBO
from evenvae.training import Method, balanced_gradients
from support import mixed_table, new_network

CONFIG = HIVAEConfig(latent_size=3, components=4, slice_size=2)


@pytest.fixture(scope="module")
def parts():
    space, values, observed = mixed_table()
    network, states = new_network(space, values, observed, "hivae")
    return space, values, observed, network, states


def test_temperature_falls_by_a_hundredth_an_epoch_and_stops(parts):
    space, values, observed, network, _ = parts
    config = dataclasses.replace(CONFIG, steps_per_epoch=10.0, least_temperature=0.3)
    encoder = dataclasses.replace(network.model.encoder, config=config)
    batch = space.batch(values[:4], observed[:4])
    at = lambda step: encoder(batch, space.device_scales, jnp.int32(step))
    assert [round(float(at(step)[0].temperature), 5) for step in (0, 9, 10, 255, 100_000)] == [1, 1, 0.99, 0.75, 0.3]
    assert int(at(7)[1]) == 8
    after = encoder(batch, space.device_scales, jnp.int32(7), inference=True)[1]
    assert int(after) == 7


def test_a_column_moves_its_own_slice_only(parts):
    space, values, observed, network, _ = parts
    cells, mask = space.cells(values[:8], observed[:8]), jnp.asarray(observed[:8])
    z = jax.random.normal(jax.random.key(0), (1, 8, 3))
    s = jax.nn.one_hot(jnp.zeros((1, 8), int), 4)

    def of_column(heads, column):
        kernels, bias = heads.kernels()
        parameters = heads.parameters(linear((z, s), kernels, bias))
        return jnp.where(np.arange(6) == column, log_prob(space.layout, parameters, cells, mask), 0).sum()

    of_columns = eqx.filter_jit(eqx.filter_grad(of_column))
    for column in range(space.layout.features):
        gradient = of_columns(network.model.heads, jnp.asarray(column))
        others = np.arange(space.layout.features) != column
        assert not np.asarray(gradient.to_slices)[:, others].any()
        assert not np.asarray(gradient.slice_bias)[others].any()
        assert np.asarray(gradient.to_slices)[:, column].any()
        assert not np.asarray(gradient.from_s)[:, space.layout.feature_of_output != column].any()


def test_slices_collapse_to_the_kernel_of_the_written_formula(parts):
    space, _, _, network, _ = parts
    heads = network.model.heads
    with jax.enable_x64(True):
        z, s = np.random.default_rng(0).normal(size=(2, 3)), np.eye(4)[[1, 3]]
        slices = np.einsum("nl,lds->nds", z, heads.to_slices) + np.asarray(heads.slice_bias)
        (of_z, of_s), bias = heads.kernels()
        outputs = z @ of_z + s @ of_s + bias
        block = next(b for b in space.layout.blocks if b.likelihood.name == "normal")
        column = block.columns[0]
        mean, variance = np.flatnonzero(space.layout.feature_of_output == column)
        expected = slices[:, column] @ np.asarray(heads.from_slice)[mean] + s @ np.asarray(heads.from_s)[:, mean]
        np.testing.assert_allclose(outputs[:, mean], expected, atol=1e-6)
        np.testing.assert_allclose(outputs[:, variance], s @ np.asarray(heads.from_s)[:, variance], atol=1e-6)


def test_normalising_by_the_batch_is_undone_by_the_heads(parts):
    """Heads at 0 put a batch's numbers at the batch's own mean, with its variance times softplus(0)."""
    space, values, observed, network, _ = parts
    cells, mask = space.cells(values[:64], observed[:64]), jnp.asarray(observed[:64])
    moments = batch_moments(space.layout, cells, mask)
    parameters = network.model.heads.parameters(jnp.zeros((1, space.layout.width)), moments)
    for block, part, moment in zip(space.layout.blocks, space.layout.split(parameters), moments, strict=True):
        if block.likelihood.name in ("normal", "lognormal"):
            natural_1, precision = part[0, :, 0], jax.nn.softplus(part[0, :, 1])
            np.testing.assert_allclose(natural_1 / (2 * precision), moment[0], atol=1e-5)
            np.testing.assert_allclose(1 / (2 * precision), moment[1] * np.log(2), rtol=1e-4)
        else:
            assert moment is None


def test_moments_leave_missing_cells_out(parts):
    space, values, observed, _, _ = parts
    cells, mask = space.cells(values, observed), jnp.asarray(observed)
    spoilt = tuple(
        np.where(observed[:, list(b.columns)], c, 77) for b, c in zip(space.layout.blocks, cells, strict=True)
    )
    for a, b in zip(batch_moments(space.layout, cells, mask), batch_moments(space.layout, spoilt, mask), strict=True):
        if a is not None:
            np.testing.assert_allclose(a[0], b[0], rtol=1e-5)
            np.testing.assert_allclose(a[1], b[1], rtol=1e-5)


def test_balanced_at_both_shared_features(parts):
    from evenvae import balancing

    space, values, observed, _, _ = parts
    method = Method(ELBO(), balancing.norm_match(balancing.parse("gradnorm+pcgrad")))
    network, states = new_network(space, values, observed, "hivae", method=method)
    assert len(states.balancer) == 2
    batch = space.batch(values, observed).take(np.arange(32))
    step = eqx.filter_jit(balanced_gradients)
    gradient, after, report = step(network, states, batch, space.device_scales, jax.random.key(0), method)
    assert report.finite.all()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
    assert all(np.abs(leaf).max() > 0 for leaf in jax.tree.leaves(gradient.model.encoder))
    assert int(after.encoder) == 1


def test_ordinal_columns_pass_through(parts):
    del parts
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 50).astype(float)
    values = np.stack([codes, codes + 0.1 * rng.normal(size=50), rng.integers(0, 3, 50)], axis=1)
    observed = np.ones_like(values, bool)
    space = Space.fit([Ordinal(levels=4), Normal(), Categorical(levels=3)], values, observed)
    for kind in ("hivae", "residual"):
        network, states = new_network(space, values, observed, kind)
        batch = space.batch(values, observed)
        q, _ = network.model.encoder(batch, space.device_scales, states.encoder, inference=True)
        parameters = network.model.decode(q.location)
        predicted = statistic(space, np.asarray(parameters), "mode")
        assert np.isfinite(parameters).all()
        assert set(np.unique(predicted[:, 0])) <= {0, 1, 2, 3}


def test_families_are_treated_as_they_say():
    layout = Layout.of([Normal(), Ordinal(levels=3), Categorical(levels=3), Histogram(bins=3)])
    sees_slice, used = roles(layout)
    assert sees_slice.tolist() == [True, False, False, False, True, False, True, True, False, True, True]
    assert used.tolist() == [True] * 5 + [False, True, True, False, True, True]


def test_a_family_that_has_no_treatment_is_refused():
    known = [family(name) for name in names() if family(name).hivae is not None]
    layout = Layout.of([one.of_column(3, ()) for one in known] + [Histogram()])
    assert HIVAEConfig().build(layout, None, jax.random.key(0)).heads.layout == layout
    with pytest.raises(InputError, match=r"normal-pixels.*schema, or use model='vae'"):
        HIVAEConfig().build(Layout.of([NormalPixels((2, 2, 1)), Normal()]), None, jax.random.key(0))
    with pytest.raises(InputError, match="student-t"):
        HIVAEConfig().build(Layout.of([StudentT(), Normal()]), None, jax.random.key(0))
