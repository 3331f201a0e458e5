"""The balanced step against automatic differentiation, and what balancing may and may not touch."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae import balancing
from evenvae.models.batch import Batch, no_tasks
from evenvae.objectives import ELBO, IWAE
from evenvae.training import Method, hiding
from evenvae.training import balanced_gradients as eager_gradients
from evenvae.training import loss as eager_loss
from support import new_network, widened

KEY = jax.random.key(4)
balanced_gradients = eqx.filter_jit(eager_gradients)
loss = eqx.filter_jit(eager_loss)


def batch(mixed, rows=32):
    space, values, observed = mixed
    table = space.batch(values, observed, no_tasks(len(values)))
    return widened(table.take(slice(rows))), widened(space.scales)


def relative(a, b):
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return max(float(jnp.abs(x - y).max() / (jnp.abs(y).max() + 1e-300)) for x, y in pairs)


class Ones(balancing.Balancer):
    """Weight 1 for every task, through the Gramian's path."""

    name = "ones"

    def weights(self, gram, state, **_):
        return jnp.ones(len(gram), gram.dtype), state


class OnesByRows(Ones):
    needs_rows = True

    def update(self, rows, state, **_):
        return rows.sum(0), state


CLOSED, ESTIMATED, WEIGHTED = ELBO(samples=2), ELBO(samples=2, analytic_kl=False, beta=0.5), IWAE(3)
CASES = [
    ("residual", CLOSED, balancing.plain_sum()),
    ("residual", CLOSED, Ones()),
    ("residual", ESTIMATED, OnesByRows()),
    ("residual", WEIGHTED, Ones()),
    ("paper", CLOSED, Ones()),
    ("paper", ESTIMATED, Ones()),
    ("paper", WEIGHTED, OnesByRows()),
    ("hivae", CLOSED, balancing.plain_sum()),
    ("hivae", CLOSED, Ones()),
    ("hivae", CLOSED, OnesByRows()),
]


@pytest.mark.parametrize(("network", "objective", "balancer"), CASES)
def test_unit_weights_give_the_gradient_of_the_loss(mixed, network, objective, balancer):
    with jax.enable_x64(True):
        space, values, observed = mixed
        raw = "raw" if network == "paper" else "standardized_onehot"
        method = Method(objective, balancer, 0.3)
        net, states = widened(new_network(space, values, observed, network, encoder_input=raw, method=method))
        arguments = (net, states, *batch(mixed), KEY, method)
        gradient, _, report = balanced_gradients(*arguments)
        expected = eqx.filter_grad(loss)(*arguments)
        assert relative(gradient, expected) < 1e-10
        assert float(report.loss) == pytest.approx(float(loss(*arguments)), rel=1e-12)


@pytest.mark.parametrize("name", ["equal-norm", "imtl-g", "imtl-g+pcgrad"])
def test_gram_path_equals_row_path(mixed, name):
    class ByRows(balancing.Balancer):
        needs_rows = True

        def weights(self, gram, state, **_):
            raise AssertionError("rows only")

        def update(self, rows, state, **kwargs):
            return matched.update(rows, state, **kwargs)

    matched = balancing.norm_match(balancing.parse(name))
    with jax.enable_x64(True):
        space, values, observed = mixed
        net, states = widened(new_network(space, values, observed, method=Method(ELBO(), matched)))
        by_gram, _, _ = balanced_gradients(net, states, *batch(mixed), KEY, Method(ELBO(), matched))
        by_rows, _, _ = balanced_gradients(net, states, *batch(mixed), KEY, Method(ELBO(), ByRows()))
        assert relative(by_gram, by_rows) < 1e-8


def test_balancing_leaves_the_heads_alone(mixed):
    with jax.enable_x64(True):
        space, values, observed = mixed
        net, states = widened(new_network(space, values, observed))
        matched = balancing.norm_match(balancing.parse("equal-norm"))
        plain, _, _ = balanced_gradients(net, states, *batch(mixed), KEY, Method(ELBO()))
        balanced, _, _ = balanced_gradients(net, states, *batch(mixed), KEY, Method(ELBO(), matched))
        np.testing.assert_allclose(balanced.model.heads.kernel, plain.model.heads.kernel, rtol=1e-12)
        assert relative(balanced.model.trunk, plain.model.trunk) > 1e-3


def test_what_stands_in_a_missing_cell_does_not_matter(mixed):
    space, values, observed = mixed
    other = np.where(observed, values, 12345.0)
    for a, b in zip(space.cells(values, observed), space.cells(other, observed), strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.isfinite(a).all()


def test_a_column_missing_in_the_whole_batch_gets_no_gradient(mixed):
    with jax.enable_x64(True):
        space, values, observed = mixed
        method = Method(ELBO(), balancing.norm_match(balancing.parse("imtl-g+pcgrad")))
        net, states = widened(new_network(space, values, observed, method=method))
        rows, scales = batch(mixed)
        rows = rows.hide(rows.mask.at[:, 0].set(False))
        gradient, _, report = balanced_gradients(net, states, rows, scales, KEY, method)
        mine = space.layout.feature_of_output == 0
        assert not np.asarray(gradient.model.heads.kernel)[:, mine].any()
        assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(gradient))
        assert report.finite.all()


def test_a_non_finite_column_is_left_out_and_named(mixed, monkeypatch):
    space, values, observed = mixed
    method = Method(ELBO(), balancing.norm_match(balancing.parse("imtl-g")))
    net, states = new_network(space, values, observed, method=method)
    cells = [jnp.asarray(block[:32]) for block in space.cells(values, observed)]
    cells[0] = cells[0].at[3, 0].set(jnp.nan)
    mask = jnp.asarray(observed[:32]).at[3, 0].set(True)
    rows = Batch(tuple(cells), mask, jnp.asarray(no_tasks(32)))
    seen = mask.at[3, 0].set(False)

    # the encoder must not see the bad cell, or every column turns non-finite with it
    monkeypatch.setattr(hiding, "hide", lambda *given: (seen, None))
    gradient, _, report = balanced_gradients(
        net, states, rows, space.device_scales, KEY, method._replace(hide_cells=0.1)
    )
    np.testing.assert_array_equal(np.asarray(report.finite), [False, True, True, True, True, True])
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(gradient))
