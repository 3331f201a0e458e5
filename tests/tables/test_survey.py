"""One pass over a table shows what its columns are as the whole table does."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from evenvae.tables import Schema
from evenvae.tables.survey import MOST_LEVELS, survey


def cut(table, rows=97):
    return [table.slice(start, rows) for start in range(0, table.num_rows, rows)]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    rows = 6000
    frame = pd.DataFrame(
        {
            "number": rng.normal(size=rows),
            "whole": rng.integers(0, 50, rows),
            "place": rng.choice(["A", "B"], rows),
            "code": rng.choice([f"c{i}" for i in range(70)], rows),
            "line": np.arange(10, 10 + rows),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"),
            "flag": rng.random(rows) < 0.5,
            "same": "x",
        }
    )
    # what a sample of a few rows would hardly hold
    frame.loc[4321, "number"] = -77.0
    frame.loc[11, "whole"] = 900
    frame.loc[5000, "place"] = "C"
    frame.loc[5001, "code"] = "once"
    frame.loc[5002, "code"] = "once more"
    frame.loc[17, "number"] = np.nan
    frame.loc[5999, "place"] = None
    return pa.Table.from_pandas(frame, preserve_index=False)


def test_a_small_table_is_all_sample(table):
    found = survey(cut(table))
    assert found.whole
    assert found.sample.equals(table.combine_chunks())
    assert found.schema(None, "evidence") == Schema.infer(table)


def test_a_sample_shows_what_the_table_holds(table):
    found = survey(cut(table), 400)
    assert (found.rows, found.whole) == (6000, False)
    assert found.sample.num_rows == len(found.numbers) < 700
    assert found.sample.equals(table.take(found.numbers).combine_chunks())
    assert (np.diff(found.numbers) > 0).all()
    own, whole = found.schema(None, "paper"), Schema.infer(table, families="paper")
    for name in ("role", "likelihood", "levels", "pooled", "low", "high", "decimals", "kind", "value", "dtype"):
        assert [getattr(c, name) for c in own.columns] == [getattr(c, name) for c in whole.columns], name
    assert own["code"].pooled == "(other)"
    assert own["line"].role == "identifier"


def test_every_row_is_as_likely_as_another():
    table = pa.table({"n": pa.array(np.random.default_rng(0).normal(size=4000))})
    counts = np.zeros(8)
    found = survey(cut(table, 61), 800)
    counts += np.bincount(found.numbers // 500, minlength=8)
    # 800 of 4000 rows, binomial in each eighth, beside three witnesses
    assert np.abs(counts - 100).max() < 5 * np.sqrt(100 * 0.8)


def test_the_pieces_do_not_change_the_sample(table):
    one, other = survey(cut(table, 50), 400), survey(cut(table, 1000), 400)
    # the witnesses of a value are its first rows, however the table is cut
    assert (one.numbers == other.numbers).all()


def test_free_text_is_no_list_of_levels():
    rows = MOST_LEVELS + 500
    table = pa.table(
        {"text": [f"a long text that says {i} in many words" for i in range(rows)], "n": [0.5, 1.5] * (rows // 2)}
    )
    found = survey(cut(table, 1000), 300)
    assert found.sample.num_rows < 310
    assert found.schema(None, "paper")["text"].role in ("identifier", "ignored")


def test_levels_of_a_dictionary_keep_their_order():
    levels = ["low", "mid", "high"]
    parts = [pa.table({"t": pa.DictionaryArray.from_arrays(pa.array([i % 3] * 40 + [None]), levels, ordered=True)})
             for i in range(30)]  # fmt: skip
    column = survey(parts, 50).schema(None, "paper")["t"]
    assert column.levels == ("low", "mid", "high")
    assert column.ordered
