"""HI-VAE: its prior's divergence, thermometer, private slices, stored moments, temperature."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.likelihoods import Categorical, Normal, Ordinal, Scale
from evenvae.models import HIVAEConfig, Layout, MixtureLatent, MixturePosterior, inference, linear, log_prob
from evenvae.models.encoder import CellInput
from evenvae.models.hivae import batch_moments
from evenvae.models.space import Space
from evenvae.objectives import ELBO
from evenvae.priors import MixturePrior
from evenvae.training import Method, balanced_gradients
from support import mixed_table, new_network

CONFIG = HIVAEConfig(latent_size=3, components=4, slice_size=2)


@pytest.fixture(scope="module")
def parts():
    space, values, observed = mixed_table()
    network, states = new_network(space, values, observed, "hivae")
    return space, values, observed, network, states


def posterior(log_pi, temperature=0.5):
    rows, components = log_pi.shape
    rng = np.random.default_rng(0)
    base, shift = rng.normal(size=(rows, 6)), rng.normal(size=(components, 6))
    return MixturePosterior(jnp.asarray(log_pi), jnp.asarray(base), jnp.asarray(shift), temperature)


def test_divergence_of_the_component_at_its_two_ends():
    with jax.enable_x64(True):
        uniform = np.full((2, 4), np.log(0.25))
        certain = np.log(np.array([[1, 1e-6, 1e-6, 1e-6]]) / (1 + 3e-6))
        np.testing.assert_allclose(posterior(uniform).component_kl(), 0, atol=1e-12)
        np.testing.assert_allclose(posterior(certain).component_kl(), np.log(4), atol=1e-4)


def test_divergence_agrees_with_its_monte_carlo_estimate():
    with jax.enable_x64(True):
        rng = np.random.default_rng(1)
        q = posterior(np.log(rng.dirichlet(np.ones(4), size=3)))
        prior = MixturePrior(jnp.asarray(rng.normal(size=(4, 3))), jnp.asarray(rng.normal(size=3)))
        # exact over components, closed in z: sum_s pi_s (KL_z(s) + log pi_s + log 4)
        exact = q.component_kl()
        for component in range(4):
            s = jax.nn.one_hot(jnp.full((1, 3), component), 4)
            own = prior.kl(q, MixtureLatent(None, s)) - q.component_kl()
            exact += jnp.exp(q.log_pi[:, component]) * own
        z = q.at(jax.random.normal(jax.random.key(0), (100_000, 3, 4), jnp.float64))
        ratio = q.log_prob(z) - prior.log_prob(z)
        np.testing.assert_allclose(ratio.mean(0), exact, atol=5 * float(ratio.std(0).max()) / 100_000**0.5)


def test_points_pick_components_as_often_as_they_are_probable():
    probabilities = np.array([[0.1, 0.2, 0.3, 0.4], [1e-6, 0.5, 0.5 - 2e-6, 1e-6]])
    drawn = posterior(np.log(probabilities)).at(jnp.asarray(inference.latent_points(1024, 4))[:, None, :])
    np.testing.assert_allclose(drawn.s.mean(0), probabilities, atol=2e-3)


def test_relaxed_components_sharpen_as_the_temperature_falls():
    warm, cold = (posterior(np.full((50, 4), np.log(0.25)), t).sample(jax.random.key(0), 1).s for t in (1.0, 0.05))
    assert cold.max(-1).mean() > 0.95 > warm.max(-1).mean()
    np.testing.assert_allclose(cold.sum(-1), 1, rtol=1e-5)


def test_temperature_falls_by_a_hundredth_an_epoch_and_stops(parts):
    space, values, observed, network, _ = parts
    config = dataclasses.replace(CONFIG, steps_per_epoch=10.0, least_temperature=0.3)
    encoder = eqx.tree_at(lambda e: e.shift, network.model.encoder, network.model.encoder.shift)
    encoder = dataclasses.replace(encoder, config=config)
    cells, mask = space.cells(values[:4], observed[:4]), jnp.asarray(observed[:4])
    at = lambda step: encoder(cells, mask, space.device_scales, jnp.int32(step))
    assert [round(float(at(step)[0].temperature), 5) for step in (0, 9, 10, 255, 100_000)] == [1, 1, 0.99, 0.75, 0.3]
    assert int(at(7)[1]) == 8
    after = encoder(cells, mask, space.device_scales, jnp.int32(7), inference=True)[1]
    assert int(after) == 7


@pytest.mark.parametrize("levels", [2, 5])
def test_ordinal_columns_enter_in_thermometer_code(levels):
    """As a product with explicit ones up to the level; the number of ones gives the level back."""
    codes = np.arange(levels)[:, None]
    code_book = np.tril(np.ones((levels, levels)))
    np.testing.assert_array_equal(code_book.sum(1) - 1, codes[:, 0])
    plain = {"mode": "standardized_onehot", "dropout_rate": 0.0, "normalise": False, "see_mask": False}
    cell_input = CellInput(Layout.of([Ordinal(levels=levels)]), 3, jax.random.key(0), **plain, gain=1.0, bias=0.0)
    scale = (Scale(jnp.zeros(1), jnp.ones(1), jnp.zeros(1)),)
    out, _ = cell_input((jnp.asarray(codes),), jnp.ones((levels, 1), bool), scale, None, None, True)
    np.testing.assert_allclose(out - cell_input.bias, code_book @ np.asarray(cell_input.embeddings[0][0]), atol=1e-6)


def test_a_column_moves_its_own_slice_only(parts):
    space, values, observed, network, _ = parts
    cells, mask = space.cells(values[:8], observed[:8]), jnp.asarray(observed[:8])
    z = jax.random.normal(jax.random.key(0), (1, 8, 3))
    s = jax.nn.one_hot(jnp.zeros((1, 8), int), 4)

    def of_column(heads, column):
        kernels, bias = heads.kernels()
        raw = heads.natural(linear((z, s), kernels, bias))
        return log_prob(space.layout, raw, cells, mask)[..., column].sum()

    for column in range(space.layout.features):
        gradient = eqx.filter_grad(of_column)(network.model.heads, column)
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
    raw = network.model.heads.natural(jnp.zeros((1, space.layout.width)), moments)
    for block, part, moment in zip(space.layout.blocks, space.layout.split(raw), moments, strict=True):
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


def test_a_rows_answer_does_not_depend_on_its_neighbours(parts):
    space, values, observed, network, states = parts
    cells = space.cells(values, observed)
    points = inference.latent_points(8, 4)
    ask = lambda c, m: inference.log_likelihood(network, states.encoder, c, m, space.device_scales, points)["total"]
    whole = inference.in_slices(ask, cells, observed, 64)
    alone = inference.in_slices(ask, tuple(c[7:8] for c in cells), observed[7:8], 1)
    np.testing.assert_allclose(alone[0], whole[7], rtol=1e-5)


def test_components_are_learned():
    """The closed divergence gives the component's probabilities a gradient, which one sample of its log does not."""
    with jax.enable_x64(True):
        prior = MixturePrior(jnp.zeros((4, 3)), jnp.zeros(3))
        logits = jnp.asarray(np.random.default_rng(0).normal(size=(5, 4)))

        def kl(logits):
            q = posterior(np.zeros((5, 4)))._replace(log_pi=jax.nn.log_softmax(logits))
            s = jax.nn.one_hot(jnp.zeros((1, 5), int), 4)
            return prior.kl(q, MixtureLatent(None, s)).sum()

        pi = jax.nn.softmax(logits)
        log_pi = jnp.log(pi)
        expected = pi * (log_pi - (pi * log_pi).sum(-1, keepdims=True))
        np.testing.assert_allclose(jax.grad(kl)(logits), expected, atol=1e-10)


def test_balanced_at_both_shared_features(parts):
    from evenvae import balancing

    space, values, observed, _, _ = parts
    method = Method(ELBO(), balancing.norm_match(balancing.parse("gradnorm+pcgrad")))
    network, states = new_network(space, values, observed, "hivae", method=method)
    assert len(states.balancer) == 2
    cells = tuple(jnp.asarray(c[:32]) for c in space.cells(values, observed))
    step = eqx.filter_jit(balanced_gradients)
    gradient, after, report = step(
        network, states, cells, jnp.asarray(observed[:32]), space.device_scales, jax.random.key(0), method
    )
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
        cells = space.cells(values, observed)
        raw = inference.raw_at_center(network, states.encoder, cells, jnp.asarray(observed), space.device_scales)
        predicted = space.statistic(np.asarray(raw), "mode")
        assert np.isfinite(raw).all()
        assert set(np.unique(predicted[:, 0])) <= {0, 1, 2, 3}
