"""Cells that no column can hold are refused by name, in every library and at every question."""

import decimal
import fractions
import uuid

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from evenvae import tables
from evenvae.errors import InputError

CELLS = {
    "lists": [1, 2],
    "tuples": (1, 2),
    "sets": {1, 2},
    "dicts": {"a": 1},
    "bytes": b"cd",
    "complex": 1 + 2j,
    "arrays": np.zeros(3),
    "frames": pd.DataFrame({"a": [1]}),
}


def objects(cell, rows=6):
    cells = np.empty(rows, dtype=object)
    cells[:] = [None, *[cell] * (rows - 1)]
    return cells


@pytest.mark.parametrize("name", CELLS)
def test_cells_of_several_values_are_refused(name):
    table = pd.DataFrame({"x": objects(CELLS[name]), "y": np.arange(6.0)})
    with pytest.raises(InputError, match=r"Column 'x' holds .* \(row 1: .*\); .*role = \"ignored\""):
        tables.Schema.infer(table)
    schema = tables.Schema.infer(table, overrides={"x": {"role": "ignored"}})
    assert tables.encode(table, schema).values.shape == (6, 1)


@pytest.mark.parametrize("name", CELLS)
def test_batches_are_checked_too(name):
    schema = tables.Schema.infer(pd.DataFrame({"x": ["a", "b"] * 5}))
    batch = pd.DataFrame({"x": objects(CELLS[name])})
    for question in (lambda: tables.encode(batch, schema), lambda: tables.fill(batch, np.zeros((6, 1)), schema)):
        with pytest.raises(InputError, match="Column 'x' holds"):
            question()


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"x": [[1, 2], None]}),
        pa.table({"x": [{"a": 1}, None]}),
        pa.table({"x": [b"ab", None]}),
        pl.DataFrame({"x": [[1, 2], None]}),
        pl.DataFrame({"x": [{"a": 1}, None]}),
        pl.DataFrame({"x": pl.Series([2**100, None], dtype=pl.Int128)}),
        pd.DataFrame({"x": np.array([1j, 2j])}),
        {"x": [[1, 2], [3]]},
        [{"x": [1, 2]}, {"x": None}],
    ],
    ids=repr,
)
def test_nested_types_of_every_library(table):
    with pytest.raises(InputError, match="Column 'x'"):
        tables.Schema.infer(table)


def test_objects_that_cannot_be_written_back_are_refused_unless_they_name_rows():
    ids = [uuid.UUID(int=i) for i in range(60)]
    assert tables.Schema.infer(pd.DataFrame({"x": ids}))["x"].role == "identifier"
    with pytest.raises(InputError, match="objects of the class UUID"):
        tables.Schema.infer(pd.DataFrame({"x": ids[:3] * 20}))
    assert tables.Schema.infer(pd.DataFrame({"x": [fractions.Fraction(i, 4) for i in range(30)]}))["x"].is_number


class Odd:
    def __repr__(self):
        raise RuntimeError("no text")


class Unhashable:
    __hash__ = None


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (decimal.Decimal("sNaN"), "'sNaN'.* in row 1"),
        (Odd(), "class Odd in row 1"),
        (Unhashable(), "class Unhashable in row 1"),
        ("a\ud800", "half of a character in row 1"),
    ],
)
def test_cells_that_raise_errors_when_they_are_looked_at_are_refused(cell, said):
    with pytest.raises(InputError, match=f"'hostile'.*{said}"):
        tables.Schema.infer({"hostile": objects(cell).tolist(), "beside": np.arange(6) / 2})
