"""Levels: spellings, rare levels."""

import numpy as np
import pandas as pd

from evenvae import tables


def test_levels_meet_across_spellings():
    table = pd.DataFrame({"n": [1, 2] * 5, "b": [True, False] * 5})
    schema = tables.Schema.infer(table)
    text = pd.DataFrame({"n": ["1", "2.0"], "b": ["true", "False"]})
    np.testing.assert_array_equal(tables.encode(text, schema).values, [[0, 1], [1, 0]])


def test_rare_levels_are_pooled_and_said():
    cells = [f"l{i % 60}" for i in range(600)] + ["r1", "r2", "(other)"]
    schema = tables.Schema.infer(pd.DataFrame({"level": cells}))
    column = schema["level"]
    assert column.pooled == column.levels[-1] == "(other)"
    assert "3 rare levels" in column.note
    codes = tables.encode(pd.DataFrame({"level": ["r1", "new", "l0", None]}), schema).values[:, 0]
    np.testing.assert_array_equal(codes, [60, 60, column.levels.index("l0"), np.nan])
    many = pd.DataFrame({"level": [f"l{i // 2}" for i in range(400)]})
    assert tables.Schema.infer(many, max_levels=100)["level"].cardinality == 100
