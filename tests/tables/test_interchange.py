"""Tables of other libraries."""

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from evenvae import tables
from evenvae.errors import InputError, TableWarning
from evenvae.tables.interchange import collected

FRAME = pd.DataFrame({"age": [*np.tile(np.arange(20.0, 80.0, 3), 3)], "city": ["Bonn", "Celle", None] * 20})
FRAME.loc[1, "age"] = None


class Stream:
    """What gives its rows by Arrow and is known for nothing else."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


class Interchange:
    """What gives its rows by the dataframe interchange protocol."""

    def __init__(self, table):
        self.table = table

    def __dataframe__(self, nan_as_null=False, allow_copy=True):
        return self.table.__dataframe__(nan_as_null, allow_copy)


class Broken:
    def __arrow_c_stream__(self, requested_schema=None):
        raise RuntimeError("the database is gone")


def arrow():
    return pa.Table.from_pandas(FRAME, preserve_index=False)


MAKERS = {
    "stream": lambda: Stream(arrow()),
    "interchange": lambda: Interchange(arrow()),
    "reader": lambda: arrow().to_reader(),
    "narwhals": lambda: nw.from_native(arrow()),
    "lazy narwhals": lambda: nw.from_native(pl.from_pandas(FRAME).lazy()),
    "lazy polars": lambda: pl.from_pandas(FRAME).lazy(),
}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.filterwarnings("ignore::evenvae.errors.TableWarning")
def test_they_are_read_as_the_same_table(kind):
    seen = tables.as_frame(MAKERS[kind]())
    pd.testing.assert_frame_equal(seen, tables.as_frame(arrow()), check_dtype=False)
    schema = tables.Schema.infer(MAKERS[kind]())
    assert schema.library == ("polars" if "lazy" in kind else "pyarrow")
    encoded = tables.encode(MAKERS[kind](), schema)
    np.testing.assert_array_equal(encoded.values, tables.encode(arrow(), schema).values)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.filterwarnings("ignore::evenvae.errors.TableWarning")
def test_they_are_filled(kind):
    schema = tables.Schema.infer(arrow())
    values = np.tile([50.0, 0.0], (60, 1))
    filled = tables.fill(MAKERS[kind](), values, schema)
    assert isinstance(filled, pl.DataFrame if "lazy" in kind else pa.Table)
    assert filled["age"].to_pylist()[1] == 50 if isinstance(filled, pa.Table) else filled["age"][1] == 50


def test_lazy_tables_are_computed_with_a_note():
    with pytest.warns(TableWarning, match="lazy .*polars LazyFrame"):
        collected(pl.from_pandas(FRAME).lazy())


def test_what_can_be_read_as_it_is_stays_as_it_is():
    for one in (FRAME, arrow(), pl.from_pandas(FRAME), np.eye(2), [[1, 2]], {"a": [1]}, "people.csv", FRAME["age"]):
        assert collected(one) is one


def test_a_library_that_fails_is_said_in_one_sentence():
    with pytest.raises(InputError, match=r"Broken could not be read by Arrow \(the database is gone\); convert it"):
        tables.as_frame(Broken())


def test_relations_of_duckdb():
    import duckdb

    relation = duckdb.from_arrow(arrow())
    with pytest.warns(TableWarning, match="duckdb"):
        seen = tables.as_frame(relation)
    pd.testing.assert_frame_equal(seen, tables.as_frame(arrow()), check_dtype=False)
