"""Computed columns in drawn rows and in filled cells, in every library."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from evenvae import tables
from evenvae.tables import Schema
from evenvae.tables.derived.computing import decode_derived, derive, without_bounds
from relations_support import trips

TRIPS = trips()
SCHEMA = Schema.infer(TRIPS)
TOWNS = {"DE-BN": "Bonn", "DE-CE": "Celle", "FR-PA": "Paris", "FR-LY": "Lyon", "IT-RO": "Rome"}


def agrees(table):
    """Assert that all columns of trips are the functions of each other that they should be."""
    assert (table["hour"] == table["clock"] // 100).all()
    assert (table["minute"] == table["clock"] % 100).all()
    assert (table["month"] == table["left"].dt.month).all()
    assert (table["weekday"] == table["left"].dt.day_name()).all()
    np.testing.assert_allclose(table["km"], np.round(1.609 * table["miles"], 1), atol=1e-9)
    np.testing.assert_allclose(table["total"], (table["fare"] + table["tip"]).round(2), atol=1e-9)
    assert (table["country"] == table["code"].str[:2]).all()
    assert (table["town"] == table["code"].map(TOWNS)).all()
    assert (table["again"] == table["code"]).all()


def shuffled(seed=0):
    """Values of every column in an order of its own, not on the grids of the columns."""
    rng = np.random.default_rng(seed)
    values = tables.encode(TRIPS, SCHEMA).values
    noise = rng.normal(size=values.shape) * 0.3
    discrete = np.array([column.discrete for column in SCHEMA.features])
    return np.where(discrete, rng.permuted(values, axis=0), rng.permuted(values, axis=0) + noise)


def test_drawn_rows_agree_with_every_formula():
    drawn = decode_derived(shuffled(), SCHEMA)
    agrees(drawn)
    assert [str(t) for t in drawn.dtypes] == [str(t) for t in TRIPS.dtypes]
    # columns without a formula are as they were drawn
    plain = tables.decode(shuffled(), SCHEMA)
    for name in ("clock", "left", "miles", "fare", "tip", "code", "mood"):
        assert drawn[name].equals(plain[name])


def test_the_table_itself_does_not_change():
    pd.testing.assert_frame_equal(decode_derived(tables.encode(TRIPS, SCHEMA).values, SCHEMA), TRIPS)


def test_what_a_formula_gives_counts_more_than_bounds():
    values = shuffled()
    names = [column.name for column in SCHEMA.features]
    for name in ("fare", "tip"):
        values[:, names.index(name)] = SCHEMA[name].high
    drawn = decode_derived(values, SCHEMA)
    assert (drawn["total"] == np.round(TRIPS["fare"].max() + TRIPS["tip"].max(), 2)).all()
    assert without_bounds(SCHEMA)["total"].high is None
    assert without_bounds(SCHEMA)["fare"] == SCHEMA["fare"]


def test_missing_cells_stay_missing_and_what_cannot_be_computed_is_kept():
    values = shuffled()
    names = [column.name for column in SCHEMA.features]
    values[:5, names.index("hour")] = np.nan
    values[5:9, names.index("clock")] = np.nan
    values[5:9, names.index("hour")] = 99
    drawn = decode_derived(values, SCHEMA)
    assert drawn["hour"][:5].isna().all()
    assert (drawn["hour"][5:9] == TRIPS["hour"].max()).all()


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "dict", "records", "numpy"])
def test_filled_cells_agree_with_every_formula(library):
    hidden = np.random.default_rng(1).random(TRIPS.shape) < 0.3
    hidden[:, [list(TRIPS).index(name) for name in ("clock", "left", "miles", "fare", "tip", "code")]] = False
    holey = TRIPS.mask(hidden)
    given = {
        "pandas": lambda: holey,
        "polars": lambda: pl.from_pandas(holey),
        "pyarrow": lambda: pa.Table.from_pandas(holey, preserve_index=False),
        "dict": lambda: {name: holey[name].to_numpy() for name in holey},
        "records": lambda: holey.astype(object).where(holey.notna(), None).to_dict("records"),
        "numpy": lambda: holey.astype(object).to_numpy(),
    }[library]()
    filled = tables.fill(given, shuffled(), SCHEMA)
    table = filled.to_pandas() if hasattr(filled, "to_pandas") else filled
    table = pd.DataFrame(table, columns=list(TRIPS)) if library == "numpy" else pd.DataFrame(table)
    table["left"] = pd.to_datetime(table["left"])
    for name in ("hour", "minute", "month", "km", "total", "fare", "tip", "miles", "clock"):
        table[name] = pd.to_numeric(table[name])
    agrees(table)
    for name in TRIPS:
        seen = holey[name].notna()
        assert (table[name][seen] == TRIPS[name][seen]).all()


def test_filled_sources_agree_with_what_is_known():
    names = list(TRIPS)
    for hidden in (["clock"], ["miles", "again"], ["tip"], ["fare"], ["code"], ["miles", "far"], ["clock", "minute"]):
        mask = np.zeros(TRIPS.shape, bool)
        mask[:, [names.index(name) for name in hidden]] = True
        filled = tables.fill(TRIPS.mask(mask), shuffled(), SCHEMA)
        agrees(filled.astype({"clock": int, "hour": int, "minute": int}))
    # with both digits known, the clock itself is known
    holey = TRIPS.assign(clock=np.nan)
    assert (tables.fill(holey, shuffled(), SCHEMA)["clock"] == TRIPS["clock"]).all()
    holey = TRIPS.assign(tip=np.nan)
    np.testing.assert_allclose(tables.fill(holey, shuffled(), SCHEMA)["tip"], TRIPS["tip"], atol=0.011)


def test_observed_cells_that_disagree_stay():
    wrong = TRIPS.copy()
    wrong.loc[3, "hour"] = 1
    wrong.loc[4, "minute"] = 1
    filled = tables.fill(wrong.assign(mood=None), shuffled(), SCHEMA)
    assert filled.loc[3, "hour"] == 1
    assert filled.loc[4, "minute"] == 1


def test_rows_whose_known_cells_contradict_each_other_are_told():
    values = tables.encode(TRIPS, SCHEMA).values
    known = np.zeros((len(values), len(SCHEMA.features)), bool)
    known[:, :2] = True
    assert not derive(values, SCHEMA, known)[1].any()
    values[7, 1] += 1
    assert np.flatnonzero(derive(values, SCHEMA, known)[1]).tolist() == [7]


def test_formulas_of_dates_keep_zone_and_spelling():
    when = pd.date_range("2020-03-01", periods=300, freq="17h", tz="Europe/Paris")
    frame = pd.DataFrame({"when": when, "again": when, "day": when.strftime("%Y-%m-%d"), "n": np.arange(300) % 7})
    schema = Schema.infer(frame)
    assert {column.name for column in schema.columns if column.formula} == {"again", "day"}
    drawn = decode_derived(tables.encode(frame, schema).values[::-1], schema)
    pd.testing.assert_frame_equal(drawn, frame[::-1].reset_index(drop=True))


def test_formulas_by_hand():
    frame = pd.DataFrame(
        {
            "born": [dt.date(1950 + i % 50, 1 + i % 12, 1) for i in range(60)],
            "year": [1950 + i % 50 for i in range(60)],
            "group": [("old", "young")[i % 2] for i in range(60)],
            "x": np.linspace(0.5, 9, 60),
        }
    )
    formulas = {
        "year": "year(born)",
        "group": "bin(year(born), [1980], ['old', 'young'])",
        "x": "round(2 * year / 100, 1)",
    }
    schema = Schema.infer(frame, overrides={name: {"formula": formula} for name, formula in formulas.items()})
    drawn = decode_derived(tables.encode(frame, schema).values, schema)
    assert drawn["born"].tolist() == frame["born"].tolist()
    assert drawn["year"].tolist() == frame["year"].tolist()
    assert (drawn["group"] == np.where(frame["year"] < 1980, "old", "young")).all()
    np.testing.assert_allclose(drawn["x"], np.round(2 * frame["year"] / 100, 1))


def test_a_schema_without_formulas_changes_nothing():
    plain = Schema.infer(TRIPS, formulas=False)
    values = shuffled()
    assert derive(values, plain)[0] is values
    assert without_bounds(plain) is plain
    pd.testing.assert_frame_equal(decode_derived(values, plain), tables.decode(values, plain))
