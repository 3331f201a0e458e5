"""The catalogue, and the data sets themselves where their files are."""

import os
from collections import Counter

import pytest

from evenvae import InputError, datasets

# rows and kinds of columns: normal, lognormal, poisson, bernoulli + categorical
SHAPES = {
    "adult": (32561, 0, 3, 2, 7),
    "credit": (30000, 6, 7, 1, 10),
    "wine": (6497, 0, 11, 1, 1),
    "bank": (41188, 10, 0, 0, 11),
    "diamonds": (53940, 7, 0, 0, 3),
    "imdb": (58788, 4, 1, 10, 8),
    "hi": (22272, 5, 1, 0, 6),
    "rwm5yr": (19609, 0, 2, 3, 11),
    "labour": (15992, 3, 0, 2, 4),
    "rand-hie": (20190, 4, 0, 1, 5),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name in ("imdb", "bank"))) for name in SHAPES]
)
def test_a_data_set_has_its_rows_and_kinds(name):
    if name != "rand-hie" and not os.environ.get("EVENVAE_DATA"):
        pytest.skip("EVENVAE_DATA names no folder with the tables")
    data = datasets.load(name)
    counts = Counter(column.likelihood for column in data.schema.features)
    discrete = counts["bernoulli"] + counts["categorical"]
    assert (len(data.table), counts["normal"], counts["lognormal"], counts["poisson"], discrete) == SHAPES[name]
    assert data.licence
    assert data.citation


def test_missing_cells_of_adult_are_found():
    if not os.environ.get("EVENVAE_DATA"):
        pytest.skip("EVENVAE_DATA names no folder with the tables")
    from evenvae import tables

    data = datasets.load("adult")
    observed = tables.encode(data.table, data.schema).observed
    missing = {c.name: int((~o).sum()) for c, o in zip(data.schema.features, observed.T, strict=True)}
    assert {name: count for name, count in missing.items() if count} == {"workclass": 1843, "occupation": 1843}


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(InputError, match="adult"):
        datasets.load("adlut")


def test_every_entry_is_complete():
    from evenvae.datasets.catalogue import catalogue

    assert set(datasets.names()) == set(SHAPES)
    for name, entry in catalogue().items():
        assert {"title", "rows", "licence", "citation", "columns"} <= set(entry), name
