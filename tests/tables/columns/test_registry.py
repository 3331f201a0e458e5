"""A new kind of column is one codec and one place in the registry."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from evenvae import tables
from evenvae.errors import InputError
from evenvae.tables.columns import registry
from toys import Percentage

TEXTS = ["12 %", None, "7.5 %", "100 %", "0 %", "33 %"]


@pytest.fixture
def percentages(monkeypatch):
    monkeypatch.setattr(registry, "CODECS", [Percentage(), *registry.CODECS])


MAKERS = {
    "pandas": lambda cells: pd.DataFrame({"share": cells, "x": np.arange(6.0)}),
    "string": lambda cells: pd.DataFrame({"share": pd.array(cells, dtype="string"), "x": np.arange(6.0)}),
    "polars": lambda cells: pl.DataFrame({"share": cells, "x": np.arange(6.0)}),
    "pyarrow": lambda cells: pa.table({"share": cells, "x": np.arange(6.0)}),
    "numpy": lambda cells: np.array([cells, np.arange(6.0)], dtype=object).T,
    "dict": lambda cells: {"share": cells, "x": np.arange(6.0)},
    "records": lambda cells: [{"share": cell, "x": float(row)} for row, cell in enumerate(cells)],
}


def cells_of(table):
    return [None if pd.isna(cell) else cell for cell in tables.as_frame(table).iloc[:, 0]]


@pytest.mark.usefixtures("percentages")
@pytest.mark.parametrize("library", MAKERS)
def test_a_seventh_kind_makes_the_round_trip_in_every_library(library):
    table = MAKERS[library](TEXTS)
    schema = tables.Schema.infer(table)
    column = schema.columns[0]
    assert (column.kind, column.likelihood, column.low, column.high, column.decimals) == (
        "percentage", "normal", 0, 100, 1)  # fmt: skip
    assert not column.discrete
    assert tables.Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema
    encoded = tables.encode(table, schema)
    np.testing.assert_array_equal(encoded.values[:, 0], [12, np.nan, 7.5, 100, 0, 33])
    assert cells_of(tables.decode(encoded.values, schema)) == TEXTS
    filled = tables.fill(table, np.where(encoded.observed, 0, 41.26), schema)
    assert cells_of(filled) == ["12 %", "41.3 %", *TEXTS[2:]]
    assert cells_of(tables.hide_cells(table, np.arange(12).reshape(6, 2) == 0, schema)) == [None, *TEXTS[1:]]


@pytest.mark.usefixtures("percentages")
def test_a_seventh_kind_in_files(tmp_path):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("share,x\n12 %,1\n,2\n 7.5 %,3\n")
    table = tables.read_table(source)
    tables.Schema.infer(table).to_toml(tmp_path / "schema.toml")
    schema = tables.Schema.of(tmp_path / "schema.toml", table)
    filled = tables.fill(table, np.full((3, 2), 8.0), schema)
    tables.write_filled(source, table, filled, schema, out)
    assert out.read_text() == "share,x\n12 %,1\n8 %,2\n 7.5 %,3\n"


@pytest.mark.usefixtures("percentages")
def test_a_seventh_kind_with_levels_and_in_the_schema():
    table = pd.DataFrame({"share": TEXTS, "x": np.arange(6.0)})
    levels = tables.Schema.infer(table, overrides={"share": "categorical"})["share"]
    assert levels.discrete
    assert levels.levels == ("0 %", "100 %", "12 %", "33 %", "7.5 %")
    assert tables.Schema.infer(table, overrides={"share": {"kind": "level"}})["share"].likelihood == "categorical"
    numbers = pd.DataFrame({"share": ["1 %", "2 %", "5 %"]})
    said = {"share": {"kind": "percentage", "likelihood": "poisson"}}
    assert tables.Schema.infer(numbers, overrides=said)["share"].high == 5


def test_every_kind_of_saved_schemas_has_its_codec():
    codec = lambda **fields: type(tables.Column("x", **fields).codec).__name__
    assert codec(kind="number", likelihood="normal", decimals=2) == "Number"
    assert codec(kind="number", likelihood="poisson", decimals=0) == "Count"
    assert codec(kind="number", role="identifier") == "Number"
    assert codec(kind="level", likelihood="categorical", levels=("a", "b", "c")) == "Level"
    assert codec(kind="level", likelihood="bernoulli", levels=(False, True)) == "Flag"
    assert codec(kind="level", likelihood="ordinal", levels=("a", "b"), dtype="category") == "OrderedLevel"
    assert codec(kind="level", role="identifier") == "Level"
    assert codec(kind="level", likelihood="normal") == "Number"
    assert codec(kind="datetime", likelihood="normal", decimals=0) == "Datetime"
    assert codec(kind="datetime", likelihood="categorical", levels=("2020", "2021")) == "Level"
    assert codec(kind="date", likelihood="normal") == "Date"
    assert codec(kind="time", likelihood="normal") == "TimeOfDay"
    assert codec(kind="duration", likelihood="normal") == "Duration"
    assert codec(kind="image", likelihood="squared", shape=(2, 2)) == "Image"


def test_a_schema_that_mistakes_images_is_refused():
    frame = pd.DataFrame({"x": [1.5, 2.5, 4.5]})
    with pytest.raises(InputError, match="its cells are no images; remove kind"):
        tables.Schema.infer(frame, overrides={"x": {"kind": "image"}})
    with pytest.raises(InputError, match="its cells are images; remove kind"):
        tables.Schema.infer(np.zeros((3, 2, 2)), overrides={"image": {"kind": "number"}})
