"""The section on training."""

import pytest

from report_support import figures


def test_training_curves_are_the_history(sections, fitted, evidence):
    drawn = figures(sections["training"])
    history = fitted.history_
    validation = drawn["training-validation"].data[-1]
    assert validation["x"] == [record["step"] for record in history]
    assert validation["y"] == pytest.approx([record["validation"][0] for record in history], rel=1e-3)
    (upright,) = drawn["training-validation"].layout["shapes"]
    best = min(history, key=lambda record: record["validation"][0])
    assert upright["x0"] == upright["x1"] == best["step"]
    assert f"step {best['step']:,}, where this metric was best" in sections["training"].lead
    columns = drawn["training-columns"]
    assert [option[0] for option in columns.choice.options] == evidence.names
    _, patch = columns.choice.options[1]
    assert patch["y"][0] == pytest.approx([record["validation_columns"][0][1] for record in history], rel=1e-3)
