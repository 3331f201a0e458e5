"""Schema files: written, edited by hand, completed, refused."""

import json

import numpy as np
import pytest

from evenvae import tables
from evenvae.errors import InputError
from rules_support import table_of_every_rule


@pytest.fixture(scope="module")
def frame():
    return table_of_every_rule()


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
    "shape of no image": ("[columns.count]\nshape = [1, 1]", "which images alone have"),
    "unknown unit": ('[columns.count]\nunit = "dya"', "did you mean 'day'"),
    "missing level": ('[columns.two]\nlevels = ["a", "NA"]', "lists 'NA', which means a missing cell"),
    "endless constant": ('[columns.count]\nrole = "constant"\nvalue = inf', "lists inf where a text, a finite number"),
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
    ("text", "said"),
    [
        ("a = " + "[" * 5000 + "]" * 5000, "too many brackets|not valid TOML"),
        ("columns = [1]", "has columns ="),
        ("library = 3", "has library = 3"),
        ("[columns.x]\nshape = [nan]", "'x' has shape"),
        ("[columns.x]\nlevels = [[1]]", "'x' has levels"),
        ("[columns.x]\nlevels = [nan]", "'x' has levels"),
    ],
)
def test_files_of_another_shape_are_refused(tmp_path, text, said):
    (tmp_path / "schema.toml").write_text(text)
    with pytest.raises(InputError, match=f"schema.toml.*({said})"):
        tables.Schema.from_toml(tmp_path / "schema.toml")


@pytest.mark.parametrize("sign", [*map(chr, range(32)), "\x7f", "\x85", "\u2028", "\u202e"])
def test_any_sign_of_a_column_can_be_written_and_read_again(tmp_path, sign):
    columns = tuple(
        tables.Column(f"a{sign}b", role="constant", value=f"a{sign}b", kind="level", **{said: f"it is a{sign}b"})
        for said in ("reason", "note", "doubt")
    )
    for column in columns:
        tables.Schema((column,)).to_toml(tmp_path / "s.toml")
        again = tables.Schema.from_toml(tmp_path / "s.toml")
        assert (again.names, again.columns[0].value) == ((column.name,), column.value)
