"""The section on what is learned of every column."""

import pytest

from evenvae.report import learned
from report_support import figures, tables


def test_columns_worst_first_and_beside_the_other_model(sections, evidence):
    bars = figures(sections["columns"])["learned"]
    plain, ours = bars.data
    assert (plain["name"], ours["name"]) == ("plain", "balanced (power-norm[gamma=0.5])")
    ratio = dict(zip(evidence.evaluation["column"], evidence.evaluation["ratio"], strict=True))
    assert [ratio[name] for name in bars.rows] == sorted(ratio.values(), reverse=True)
    assert ours["customdata"] == pytest.approx([ratio[name] for name in bars.rows], rel=1e-3)
    assert max(ours["x"]) <= learned.FAR
    (table,) = tables(sections["columns"])
    assert len(table.rows) == len(evidence.columns)
    assert all(len(row) == len(table.header) for row in table.rows)
