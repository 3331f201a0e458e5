"""Rows are asked in slices: the answers do not depend on them, and memory stays bounded."""

import numpy as np
import pytest

from evenvae.errors import InputError
from evenvae.fitted.asking import BUDGET, in_slices, known, slice_rows
from evenvae.fitted.likelihood import from_posterior_draws
from evenvae.fitted.model import FittedModel
from evenvae.fitted.noise import sobol
from evenvae.likelihoods import Categorical, Normal
from evenvae.models import Layout
from evenvae.tables import Column, Schema
from support import mixed_table, new_network


@pytest.mark.parametrize("kind", ["residual", "hivae"])
def test_a_rows_answer_does_not_depend_on_its_neighbours(kind):
    space, values, observed = mixed_table()
    network, states = new_network(space, values, observed, kind)
    batch = space.batch(values, observed)
    points = sobol(8, 3 if kind == "residual" else 4)
    ask = lambda batch: from_posterior_draws(network, states.encoder, batch, space.device_scales, points)["total"]
    whole = in_slices(ask, batch, 64)
    if kind == "residual":
        order = np.random.default_rng(0).permutation(len(observed))
        np.testing.assert_allclose(in_slices(ask, batch.take(order), 64), whole[order], rtol=1e-5)
    alone = in_slices(ask, batch.take(slice(7, 8)), 1)
    np.testing.assert_allclose(alone[0], whole[7], rtol=1e-5)


def test_memory_of_many_levels_stays_bounded():
    layout = Layout.of([Categorical(levels=10_000), Normal()])
    assert slice_rows(layout, 50) * 50 * layout.width <= BUDGET


def test_a_column_that_is_answered_with_nan_is_named():
    columns = (Column("a", likelihood="normal"), Column("image", kind="image", likelihood="normal", shape=(2, 2)))
    schema = Schema((*columns, Column("b", likelihood="normal")))
    model = object.__new__(FittedModel)
    object.__setattr__(model, "schema", schema)
    values = np.zeros((3, 6))
    values[0, 0] = np.inf
    assert known(model, values) is values
    for place, name in ((0, "a"), (4, "image"), (5, "b")):
        broken = values.copy()
        broken[1, place] = np.nan
        with pytest.raises(InputError, match=f"column '{name}' with NaN"):
            known(model, broken)
