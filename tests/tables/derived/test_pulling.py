"""Missing sources that are chosen by what is known of the columns computed from them."""

import numpy as np
import pandas as pd

from evenvae.tables import Schema
from evenvae.tables.derived.computing import derive

RANDOM = np.random.default_rng(0)
N = 300
X = RANDOM.integers(0, 1000, N)
TOWN = RANDOM.choice(["Bonn", "Celle", "Köln"], N, p=[0.2, 0.3, 0.5])
FORMULAS = {
    "tens": "x // 10",
    "last": "x % 10",
    "size": "bin(x, [300, 600], ['small', 'middle', 'large'])",
    "double": "2 * x",
    "after": "double + 1",
    "sum": "x + y",
    "state": "lookup(town, {'Köln': 'NW', 'Celle': 'NI', 'Bonn': 'NW'})",
    "start": "prefix(town, 1)",
}
TABLE = pd.DataFrame(
    {
        "x": X,
        "y": X[::-1],
        "tens": X // 10,
        "last": X % 10,
        "size": np.where(X < 300, "small", np.where(X < 600, "middle", "large")),
        "double": 2 * X,
        "after": 2 * X + 1,
        "sum": X + X[::-1],
        "town": TOWN,
        "state": np.where(TOWN == "Celle", "NI", "NW"),
        "start": [town[0] for town in TOWN],
    }
)
SCHEMA = Schema.infer(TABLE, overrides={name: {"formula": formula} for name, formula in FORMULAS.items()})
NAMES = [column.name for column in SCHEMA.features]


def pulled(known, drawn=None, **values):
    """One row in which ``known`` columns have these values, and all others are drawn."""
    row = np.array([[np.nan_to_num((drawn or {}).get(name, 0.0)) for name in NAMES]], float)
    for name, value in known.items():
        column = SCHEMA[name]
        (row[0, NAMES.index(name)],) = column.encode(pd.Series([value], dtype=object)) if column.discrete else [value]
    mask = np.array([[name in known for name in NAMES]])
    found, contradicted = derive(row, SCHEMA, mask)
    assert not contradicted.any() or values
    return {name: SCHEMA[name].decode(found[:, i]).iloc[0] if SCHEMA[name].discrete else found[0, i]
            for i, name in enumerate(NAMES)}  # fmt: skip


def test_leading_digits_keep_as_much_of_the_drawn_value_as_they_can():
    assert pulled({"tens": 42}, {"x": 425})["x"] == 425
    assert pulled({"tens": 42}, {"x": 999})["x"] == 429
    assert pulled({"tens": 42}, {"x": 7})["x"] == 420


def test_the_remainder_keeps_the_leading_digits():
    found = pulled({"last": 3}, {"x": 425})
    assert (found["x"], found["tens"]) == (423, 42)
    assert pulled({"last": 3, "tens": 17}, {"x": 425})["x"] == 173


def test_bins_clip():
    assert pulled({"size": "middle"}, {"x": 12})["x"] == 300
    assert pulled({"size": "middle"}, {"x": 900})["x"] == 599
    assert pulled({"size": "middle"}, {"x": 450})["x"] == 450


def test_products_and_sums_are_inverted_at_second_hand_too():
    assert pulled({"double": 846})["x"] == 423
    found = pulled({"after": 847})
    assert (found["x"], found["double"], found["tens"]) == (423, 846, 42)
    assert pulled({"sum": 500, "y": 77})["x"] == 423
    # with two missing terms the sum decides nothing
    assert pulled({"sum": 500}, {"x": 100, "y": 200}, contradicts=True)["x"] == 100


def test_levels():
    assert pulled({"state": "NI"})["town"] == "Celle"
    # a level that agrees stays; else the one that the formula lists first
    assert pulled({"state": "NW"}, {"town": 0})["town"] == "Bonn"
    assert pulled({"state": "NW"}, {"town": 1})["town"] == "Köln"
    assert pulled({"start": "C"})["state"] == "NI"


def test_a_source_that_cannot_be_moved_stays():
    # 43 is no double of a whole number
    assert pulled({"double": 43}, {"x": 500}, contradicts=True)["x"] == 500
