"""Blocks evaluated together answer as each of them does alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.likelihoods import Bernoulli, Categorical, Normal, Ordinal, Scale
from evenvae.models import Layout, log_prob
from evenvae.models.heads import statistic
from evenvae.models.merging import merged

MIXED = Layout.of([Categorical(levels=n) for n in (5, 3, 7, 5, 2, 12, 6)] + [Normal(), Ordinal(levels=4), Bernoulli()])


def cells_of(layout, rng, rows=11):
    draw = lambda block: rng.integers(0, getattr(block.likelihood, "levels", 2), (rows, len(block.columns)))
    return tuple(jnp.asarray(draw(block), jnp.float32) for block in layout.blocks)


def by_block(layout, parameters, cells):
    parts = [
        block.likelihood.log_prob(part, x)
        for block, part, x in zip(layout.blocks, layout.split(parameters), cells, strict=True)
    ]
    return layout.join(parts)


def test_levels_between_the_same_powers_of_two_are_one_block():
    view = merged(MIXED)
    sizes = [b.likelihood.level_count for b in view.layout.blocks if type(b.likelihood) is Categorical]
    assert sizes == [7, 3, 2, 12]
    assert view.layout.features == MIXED.features
    np.testing.assert_array_equal(np.sort(view.source[view.present]), np.arange(MIXED.width))


def test_values_and_gradients_are_those_of_the_blocks():
    rng = np.random.default_rng(0)
    cells = cells_of(MIXED, rng)
    parameters = jnp.asarray(rng.normal(size=(2, 11, MIXED.width)), jnp.float32)
    mask = rng.random((11, MIXED.features)) < 0.8
    expected = lambda p: jnp.where(mask, by_block(MIXED, p, cells), 0)
    found = lambda p: log_prob(MIXED, p, cells, mask)
    np.testing.assert_allclose(found(parameters), expected(parameters), rtol=1e-5, atol=1e-5)
    gradient = lambda f: jax.grad(lambda p: (f(p) ** 2).sum())(parameters)
    np.testing.assert_allclose(gradient(found), gradient(expected), rtol=1e-4, atol=1e-5)


def test_a_level_that_a_column_lacks_is_never_the_answer():
    scales = tuple(Scale(*(jnp.full(len(block.columns), x) for x in (0.0, 1.0, 0.0))) for block in MIXED.blocks)
    parameters = jnp.full((1, MIXED.width), -1e4)
    found = np.asarray(statistic(MIXED, parameters, scales, "mode"))[0]
    for column, likelihood in enumerate(MIXED.likelihoods):
        if likelihood.discrete:
            assert found[column] < likelihood.level_count


@pytest.mark.parametrize("likelihoods", [[Normal(), Bernoulli()], [Categorical(levels=5), Categorical(levels=9)]])
def test_nothing_changes_where_nothing_can_be_merged(likelihoods):
    layout = Layout.of(likelihoods)
    assert merged(layout).layout == layout
    assert merged(layout).present.all()
