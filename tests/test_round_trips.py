"""Tables of every type, library and spelling through schema, filling and drawing, with a stand-in for the model."""

import json
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evenvae import EvenVAE, tables
from stand_in import answers, without_networks
from ugly_tables import KINDS, LIBRARIES, OF_PANDAS, PLAIN, ROWS, SPELLED, cells_of, column

SEEDS = st.integers(0, 2**20)


def groups(kinds):
    """Kinds that stand in one table, which is read and filled as a whole."""
    kinds = list(kinds)
    return [kinds[start : start + 6] for start in range(0, len(kinds), 6)]


def learned(columns, library):
    """A table of the library, and a model that was fitted to it without training."""
    table = LIBRARIES[library](columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tables.TableWarning)
        model = EvenVAE().fit(table)
    schema = model.schema_
    assert tables.Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema
    return table, model


def check(kinds, library, seed):
    """Fit, impute and sample: no hole stays, no cell changes, names and types return, and drawn cells are possible."""
    columns = {f"column {i}": column(kind, seed + i) for i, kind in enumerate(kinds)} | {
        "beside": pd.Series(np.linspace(-1.5, 1, ROWS))
    }
    with without_networks():
        table, model = learned(columns, library)
        filled, drawn = model.impute(table), model.sample(ROWS, random_state=seed)
        values = answers(tables.encode(table, model.schema_), model.schema_, ROWS)
    schema = model.schema_
    assert type(filled) is type(table)
    for place in range(len(columns)):
        kind = kinds[place] if place < len(kinds) else None
        before, after = cells_of(table, place), cells_of(filled, place)
        assert None not in after, (kind, library, "a hole stays")
        assert [b if b is not None else a for b, a in zip(before, after, strict=True)] == after, (kind, library)
        classes = lambda found: {type(cell) for cell in found if cell is not None}
        if library != "numpy":
            assert classes(after) <= classes(before), (kind, library)
        assert "(other)" not in after
        field = schema.columns[place]
        if field.role == "feature" and not field.discrete:
            settled = field.codec.settle(values[:, schema.features.index(field)], field)
            again = field.encode(tables.as_frame(drawn, schema.names if library == "numpy" else None).iloc[:, place])
            np.testing.assert_allclose(again, settled, rtol=1e-6, atol=1e-6)
    if isinstance(table, pd.DataFrame):
        assert (filled.columns == table.columns).all()
        assert (filled.index == table.index).all()
        assert (filled.dtypes == table.dtypes).all()
    if isinstance(table, pl.DataFrame):
        assert filled.schema == table.schema == drawn.schema


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kinds", groups([*PLAIN, *SPELLED]), ids=", ".join)
def test_every_kind_in_every_library(kinds, library):
    check(kinds, library, 0)


@pytest.mark.parametrize("kinds", groups(OF_PANDAS), ids=", ".join)
def test_every_kind_of_pandas(kinds):
    check(kinds, "pandas", 0)


@given(st.lists(st.sampled_from([*PLAIN, *SPELLED]), min_size=1, max_size=4), st.sampled_from(list(LIBRARIES)), SEEDS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_kinds_beside_each_other(kinds, library, seed):
    check(kinds, library, seed)


@given(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4), SEEDS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_kinds_of_pandas_beside_each_other(kinds, seed):
    check(kinds, "pandas", seed)


@pytest.mark.slow
@given(st.lists(st.sampled_from([*PLAIN, *SPELLED]), min_size=1, max_size=3), st.sampled_from(list(LIBRARIES)), SEEDS)
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_thousand_tables(kinds, library, seed):
    check(kinds, library, seed)


@pytest.mark.parametrize("library", ["pandas", "polars", "records"])
@pytest.mark.parametrize("kinds", groups([*PLAIN, *SPELLED]), ids=", ".join)
def test_a_single_row_whose_cells_are_missing_is_filled_as_in_training(kinds, library):
    columns = {kind: column(kind, 1) for kind in kinds} | {"beside": pd.Series(np.linspace(-1.5, 1, ROWS))}
    row = {name: pd.Series([None], dtype=object) for name in kinds} | {"beside": pd.Series([0.5])}
    with without_networks():
        table, model = learned(columns, library)
        filled, trained = model.impute(LIBRARIES[library](row)), model.impute(table)
    for place, kind in enumerate(kinds):
        (cell,) = cells_of(filled, place)
        assert cell is not None
        # of a single row, the stand-in answers with other draws; what counts is the kind of its answer
        assert type(cell) is type(cells_of(trained, place)[0]), (kind, library)
    if isinstance(filled, pl.DataFrame):
        assert filled.schema == trained.schema


@pytest.mark.parametrize("kind", [*PLAIN, *SPELLED])
def test_files_are_filled_in_their_own_spelling(kind, tmp_path):
    cells = column(kind, 2)
    before = pd.DataFrame({"column": cells, "beside": np.arange(ROWS) / 4})
    tables.write_table(before, tmp_path / "in.csv")
    read = tables.read_table(tmp_path / "in.csv")
    with without_networks():
        model = EvenVAE().fit(read)
        filled, schema = model.impute(read), model.schema_
    tables.write_filled(tmp_path / "in.csv", read, filled, schema, tmp_path / "out.csv")
    old, new = ((tmp_path / name).read_text().splitlines() for name in ("in.csv", "out.csv"))
    changed = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    assert [i - 1 for i in changed] == np.flatnonzero(cells.isna()).tolist()
    again = tables.read_table(tmp_path / "out.csv")
    assert again.column("column").null_count == 0
    assert again.schema == read.schema
    one = tables.Schema.infer(again)["column"]
    assert (one.text_format, one.decimals, one.unit) == (
        schema["column"].text_format, schema["column"].decimals, schema["column"].unit)  # fmt: skip


@pytest.mark.parametrize(
    "names", [[0, 1], [("a", 1), ("b", 2)], [pd.Timestamp("2020"), pd.Timestamp("2021")], ["x", 7], [1.5, None]]
)
def test_names_come_back_as_they_were(names, tmp_path):
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(ROWS, 2)), columns=pd.Index(names))
    table.iloc[0, 0] = np.nan
    with without_networks():
        model = EvenVAE().fit(table)
        filled, drawn = model.impute(table), model.sample(5)
    assert filled.columns.equals(table.columns)
    assert filled.iloc[0, 0] == filled.iloc[0, 0]
    assert drawn.columns.equals(table.columns)
    saved = tables.Schema.from_dict(json.loads(json.dumps(model.schema_.to_dict())))
    assert tables.decode(np.zeros((2, 2)), saved).columns.equals(table.columns)
