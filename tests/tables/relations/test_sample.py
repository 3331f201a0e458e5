"""A few rows of all columns, on which most pairs of columns are ruled out, but never those that are related."""

import numpy as np
import pandas as pd
import pytest

from evenvae.tables.relations import affine, bins, date_parts, digits, equal, lookups
from evenvae.tables.relations.sample import ROWS, Sample
from relations_support import seen, trips

HOLEY = trips().mask(np.random.default_rng(0).random(trips().shape) < 0.2)
RELATED = [
    (equal.possible, "again", "code"),
    (affine.possible_rounded, "km", "miles"),
    (digits.possible, "hour", "clock"),
    (digits.possible, "minute", "clock"),
    (date_parts.possible, "month", "left"),
    (bins.possible, "far", "miles"),
    (lookups.possible, "town", "code"),
    (lookups.possible, "country", "town"),
]


@pytest.mark.parametrize("table", [trips(), HOLEY], ids=["whole", "holey"])
@pytest.mark.parametrize(("possible", "target", "source"), RELATED)
def test_related_columns_are_possible(table, possible, target, source):
    columns = seen(table)
    places = {name: place for place, name in enumerate(columns)}
    found = possible(Sample.of(list(columns.values())), places[target])
    assert found[places[source]]
    # and some others are not
    assert not found.all()


def test_texts_have_one_number_in_all_columns():
    frame = pd.DataFrame({"a": ["x", "y", None, "z"] * 50, "b": ["z", "y", "x", "w"] * 50})
    sample = Sample.of(list(seen(frame).values()))
    assert sample.cells.shape == (2, ROWS)
    names = list(seen(frame))
    a, b = (sample.common[names.index(name)] for name in ("a", "b"))
    alike = a == b
    rows = np.linspace(0, 199, ROWS).astype(int)
    np.testing.assert_array_equal(alike, rows % 4 == 1)


def test_kinds_of_columns():
    columns = list(seen(trips()).values())
    sample = Sample.of(columns)
    assert sample.of_kind("time").sum() == 1
    assert sample.of_kind("number", "text", "time").all()


def test_truth_values_lie_on_no_line_and_broken_numbers_decide_nothing():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"flag": rng.random(300) < 0.5, "size": rng.normal(size=300), "town": ["a", "b", "c"] * 100})
    frame["twice"] = (2 * frame["size"] + 1).mask(rng.random(300) < 0.1)
    columns = seen(frame)
    places = {name: place for place, name in enumerate(columns)}
    sample = Sample.of(list(columns.values()))
    assert affine.possible_exact(sample, places["twice"])[places["size"]]
    for possible in (affine.possible_exact, affine.possible_rounded):
        assert not possible(sample, places["flag"]).any()
        assert not possible(sample, places["size"])[places["flag"]]
    assert not lookups.possible(sample, places["flag"])[places["size"]]
