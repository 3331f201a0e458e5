"""The section on the values of every column."""

import numpy as np
import pytest

from evenvae.report import marginals
from evenvae.report.parts import Gallery
from evenvae.tables import Column


def test_marginals_are_shares_over_all_sources(sections, evidence):
    (gallery,) = [part for part in sections["marginals"].parts if isinstance(part, Gallery)]
    assert [figure.column for figure in gallery.figures] == evidence.names
    for d, column in enumerate(evidence.columns):
        found = marginals.marginal(column, evidence.values[:, d], evidence.reconstructed[:, d], evidence.sampled[:, d])
        for shares in (found.real, found.reconstructed, found.sampled):
            assert shares.sum() == pytest.approx(1)
        assert 0 <= found.distance("sampled") <= 1
    kinds = {figure.column: figure.kind for figure in gallery.figures}
    assert kinds["member"] == "levels"
    assert kinds["age"] == "numbers"
    town = next(figure for figure in gallery.figures if "city" in figure.column)
    assert town.data[0]["y"][-1] == "5 other levels"
    since = next(figure for figure in gallery.figures if figure.column == "since")
    assert since.layout["xaxis"]["type"] == "date"
    assert since.data[0]["x"][0].startswith("20")


def test_equal_samples_have_equal_marginals():
    column = Column("x", likelihood="normal")
    values = np.random.default_rng(0).normal(size=500)
    assert marginals.marginal(column, values, values, values).distance("sampled") == 0
    constant = marginals.marginal(column, np.full(5, 2.0), np.full(5, 2.0), np.full(5, 9.0))
    assert constant.real.sum() == 1
