"""What columns are taken for, edited by hand, and refused."""

import json
import os
import time
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import InputError

N = 200
RANDOM = np.random.default_rng(0)
COLUMNS = {
    "bool": ([True, False] * 100, "bernoulli", "2"),
    "two": (["a", "b"] * 100, "bernoulli", "2"),
    "three": (["a", "b", "c", "a"] * 50, "categorical", "2"),
    "zero_one": ([0, 1] * 100, "bernoulli", "3"),
    "count": ([0, 4, 7, 9] * 50, "poisson", "3"),
    "whole": ([0, 4, 7, 90_000] * 50, "lognormal", "3"),
    "signed": ([-1, 4, 7, 9] * 50, "normal", "3"),
    "positive": ([0.5, 0, 0, 2] * 50, "lognormal", "4"),
    "real": ([-0.5, 0, 1, 2] * 50, "normal", "4"),
    "moment": (pd.date_range("2020", periods=N), "normal", "time"),
    "iso": ([f"20{i:02d}-05-06" for i in range(20)] * 10, "normal", "time"),
    "span": (pd.to_timedelta(np.arange(N), unit="h"), "normal", "time"),
    "money": ([f"1,{i:03d}" for i in range(20)] * 10, "categorical", "2"),
}


@pytest.fixture(scope="module")
def frame():
    roles = {
        "row_id": RANDOM.permutation(N) * 3,
        "running": np.arange(1, N + 1),
        "uuid": [str(uuid.UUID(int=i)) for i in range(N)],
        "prose": [f"a long remark of customer {i} on the product" for i in [*range(N - 1), 0]],
        "same": ["x"] * N,
        "none": [None] * N,
    }
    return pd.DataFrame({**{name: cells for name, (cells, *_) in COLUMNS.items()}, **roles})


@pytest.mark.parametrize("name", COLUMNS)
def test_rules(frame, name):
    column = tables.Schema.infer(frame)[name]
    assert (column.role, column.likelihood, column.rule) == ("feature", *COLUMNS[name][1:])
    assert column.reason


@pytest.mark.parametrize(
    ("name", "role"),
    [("row_id", "identifier"), ("running", "identifier"), ("uuid", "identifier"), ("prose", "ignored"),
     ("same", "constant"), ("none", "ignored")],
)  # fmt: skip
def test_columns_that_are_not_modelled(frame, name, role):
    column = tables.Schema.infer(frame)[name]
    assert (column.role, column.likelihood) == (role, None)
    assert column.reason


def test_notes(frame):
    schema = tables.Schema.infer(frame)
    assert 'likelihood = "categorical"' in schema["count"].note
    assert "50%" in schema["positive"].note
    assert "numbers written as text" in schema["money"].note
    assert len(schema.report()) == frame.shape[1]


def test_few_rows_have_no_identifier():
    assert tables.Schema.infer(pd.DataFrame({"id": range(10)}))["id"].role == "feature"


def test_options(frame):
    assert tables.Schema.infer(frame, count_max=8)["count"].likelihood == "lognormal"
    assert tables.Schema.infer(frame, int_cat_max=4)["count"].likelihood == "categorical"
    schema = tables.Schema.infer(frame, overrides={"count": "categorical", "two": {"role": "ignored"}})
    assert schema["count"].levels == (0, 4, 7, 9)
    assert "two" not in [column.name for column in schema.features]


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


@pytest.mark.parametrize("dtype", [object, "category", "string"])
def test_a_file_of_the_schema_comes_back(frame, tmp_path, dtype):
    frame = frame.assign(three=frame["three"].astype(dtype))
    schema = tables.Schema.infer(frame)
    schema.to_toml(tmp_path / "s.toml")
    text = (tmp_path / "s.toml").read_text()
    assert "# 3 levels" in text
    again = tables.Schema.from_toml(tmp_path / "s.toml").complete(frame)
    assert [c.name for c in again.columns] == [c.name for c in schema.columns]
    for old, new in zip(schema.columns, again.columns, strict=True):
        assert (old.role, old.likelihood, old.levels, old.low, old.high) == (
            new.role, new.likelihood, new.levels, new.low, new.high)  # fmt: skip
    before, after = tables.encode(frame, schema), tables.encode(frame, again)
    np.testing.assert_array_equal(before.values, after.values)
    assert tables.Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


def test_a_partial_file_is_completed_from_the_data(frame, tmp_path):
    path = tmp_path / "s.toml"
    path.write_text('[columns]\nwhole = "poisson"\n[columns."count"]\nlikelihood = "categorical"\nmissing = ["9"]\n')
    schema = tables.Schema.from_toml(path).complete(frame)
    assert schema["whole"].likelihood == "poisson"
    assert (schema["whole"].low, schema["whole"].high) == (0, 90_000)
    assert schema["count"].levels == (0, 4, 7)
    assert tables.encode(frame, schema).observed.all(0).sum() == len(schema.features) - 1


WRONG_FILES = {
    "no such file": (None, "There is no schema file"),
    "not toml": ("[columns", "not valid TOML"),
    "unknown likelihood": ('[columns]\ncount = "poison"', "did you mean 'poisson'"),
    "unknown role": ('[columns.count]\nrole = "featur"', "did you mean 'feature'"),
    "unknown key": ('[columns.count]\nlikelihod = "normal"', "did you mean 'likelihood'"),
    "unknown table": ("[colums]", "unknown table or key 'colums'"),
    "wrong type": ('[columns.count]\nlow = "zero"', "low = 'zero', which must be a number"),
    "level twice": ('[columns.two]\nlevels = ["a", "a"]', "lists a level twice"),
    "bounds swapped": ("[columns.count]\nlow = 5\nhigh = 1", "above high"),
    "bernoulli of three": ('[columns.three]\nlikelihood = "bernoulli"', "bernoulli and has 3 levels"),
    "absent column": ('[columns]\ncounts = "poisson"', "names a column 'counts' that the table does not have"),
    "all missing": ('[columns]\nnone = "normal"', "'none' has no observed cell"),
    "text as number": ('[columns]\nthree = "normal"', "'three' holds no numbers"),
    "outside support": ('[columns]\nreal = "poisson"', "xx"),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_wrong_schemas_are_refused_with_one_sentence(frame, tmp_path, name):
    text, sentence = WRONG_FILES[name]
    path = tmp_path / "s.toml"
    if text is not None:
        path.write_text(text)
    if sentence == "xx":
        with pytest.warns(tables.TableWarning, match="not whole"):
            tables.Schema.from_toml(path).complete(frame)
        return
    with pytest.raises(InputError, match=sentence) as caught:
        tables.Schema.from_toml(path).complete(frame)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' stands twice"),
        (pd.DataFrame({"a": []}), "0 sample"),
        (pd.DataFrame(index=range(3)), "no columns"),
        (np.arange(3.0), "Reshape your data"),
        (np.zeros((2, 2), complex), "Complex data"),
    ],
)
def test_wrong_tables_are_refused(table, sentence):
    with pytest.raises(InputError, match=sentence):
        tables.Schema.infer(table)


def test_an_array_with_another_number_of_columns():
    schema = tables.Schema.infer(np.random.default_rng(0).normal(size=(5, 3)))
    with pytest.raises(InputError, match="X has 2 features, but EvenVAE is expecting 3"):
        tables.encode(np.zeros((5, 2)), schema)


def test_large_tables_take_little_time():
    rows = 100_000
    words = np.array([f"word{i}" for i in range(5000)])
    frame = pd.DataFrame({f"x{i}": RANDOM.normal(size=rows) for i in range(4)})
    frame = frame.assign(**{f"t{i}": words[RANDOM.integers(0, 5000, rows)] for i in range(4)})
    started = time.perf_counter()
    schema = tables.Schema.infer(frame)
    tables.fill(frame, tables.encode(frame, schema).values, schema)
    assert time.perf_counter() - started < 5


def test_real_tables():
    if "EVENVAE_DATA" not in os.environ:
        pytest.skip("EVENVAE_DATA names no folder of data files")
    for path in sorted(Path(os.environ["EVENVAE_DATA"]).glob("*.csv.gz")):
        table = tables.read_table(path)
        schema = tables.Schema.infer(table)
        encoded = tables.encode(table, schema)
        pooled = [c.name for c in schema.features if c.pooled]
        assert table.drop(pooled).equals(tables.fill(table, encoded.values, schema).drop(pooled))
        decoded = tables.encode(tables.decode(encoded.values, schema), schema)
        np.testing.assert_array_equal(decoded.values, encoded.values)
