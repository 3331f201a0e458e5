"""A whole schema: places of the features, and schemas saved by version 0.1.0."""

import numpy as np
import pandas as pd
import pytest

from evenvae import tables
from evenvae.errors import InputError

SAVED = {
    "library": "pandas",
    "native": "",
    "columns": [
        {"name": "n", "likelihood": "poisson", "reason": "r", "rule": "3", "low": 0.0, "high": 9.0, "decimals": 0,
         "dtype": "int64"},
        {"name": "x", "likelihood": "normal", "reason": "r", "rule": "4", "low": -1.0, "high": 1.0, "decimals": 2,
         "dtype": "float64"},
        {"name": "l", "likelihood": "categorical", "kind": "level", "levels": ["a", "b", "(other)"],
         "pooled": "(other)", "dtype": "object"},
        {"name": "f", "likelihood": "bernoulli", "kind": "level", "levels": [False, True], "dtype": "bool"},
        {"name": "g", "likelihood": "ordinal", "kind": "level", "levels": ["lo", "hi"], "dtype": "category",
         "ordered": True, "categories": ["lo", "mid", "hi"]},
        {"name": "w", "likelihood": "normal", "kind": "datetime", "low": 0.0, "high": 2e9, "decimals": 0,
         "dtype": "object", "text_format": "%Y-%m-%d"},
        {"name": "z", "likelihood": "normal", "kind": "datetime", "decimals": 0, "dtype": "datetime64[us, UTC]"},
        {"name": "d", "likelihood": "normal", "kind": "date", "decimals": 0, "dtype": "object"},
        {"name": "t", "likelihood": "normal", "kind": "time", "decimals": 0, "dtype": "object"},
        {"name": "s", "likelihood": "normal", "kind": "duration", "decimals": 0, "dtype": "timedelta64[us]"},
        {"name": "c", "role": "constant", "kind": "level", "value": "same", "dtype": "object"},
        {"name": "i", "role": "identifier", "dtype": "int64"},
    ],
}  # fmt: skip


def test_a_schema_of_version_0_1_0_decodes_as_it_did():
    schema = tables.Schema.from_dict(SAVED)
    assert schema.to_dict() == SAVED
    values = np.array([[2.4, 0.126, 2, 1, 0, 86_400, 86_400, 86_400, 61, 90.0]])
    row = tables.decode(values, schema).iloc[0].to_dict()
    assert {name: str(cell) for name, cell in row.items()} == {
        "n": "2", "x": "0.13", "l": "(other)", "f": "True", "g": "lo", "w": "1970-01-02",
        "z": "1970-01-02 00:00:00+00:00", "d": "1970-01-02", "t": "00:01:01", "s": "0 days 00:01:30", "c": "same",
        "i": "1",
    }  # fmt: skip


def test_features_have_places():
    schema = tables.Schema.infer({"x": np.arange(5.0), "im": np.zeros((5, 2, 3)), "n": [1, 5, 3, 8, 0]})
    assert schema.names == ("x", "im", "n")
    assert schema.elements == 8
    assert schema.first == [0, 1, 7]
    assert schema["im"].size == 6
    with pytest.raises(InputError, match="no column 'z'; known are x, im, n"):
        schema["z"]


def test_a_schema_is_taken_in_every_form(tmp_path):
    frame = pd.DataFrame({"n": [1, 4, 2, 8], "x": [0.5, 1.5, 2.5, 9.5]})
    overridden = tables.Schema.of({"n": "normal"}, frame)
    assert overridden["n"].likelihood == "normal"
    assert tables.Schema.of(None, frame) == tables.Schema.infer(frame)
    assert tables.Schema.of(overridden, frame)["n"].likelihood == "normal"
    overridden.to_toml(tmp_path / "s.toml")
    assert tables.Schema.of(tmp_path / "s.toml", frame)["n"].likelihood == "normal"
