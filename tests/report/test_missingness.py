"""The section on missing cells."""

import pytest

from report_support import figures, tables


def test_missing_cells_and_their_imputation(sections, evidence):
    found = evidence.imputation
    assert not (found.hidden & ~evidence.observed).any()
    assert found.hidden.sum() / evidence.observed.sum() == pytest.approx(0.2, abs=0.03)
    drawn = figures(sections["missing"])
    assert set(drawn["missing-shares"].rows) == {"age", "income"}
    assert drawn["missing-shares"].data[0]["x"][0] == pytest.approx(evidence.missing_share[1], rel=1e-3)
    assert set(drawn["imputation"].rows) == set(evidence.names)
    (patterns,) = tables(sections["missing"])
    assert patterns.rows[0][0] == "nothing"
    assert patterns.rows[1][0] == "income"
