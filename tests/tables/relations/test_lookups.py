"""Levels that decide the cells of another column."""

import numpy as np
import pandas as pd

from evenvae.tables.relations import lookups
from relations_support import seen

RANDOM = np.random.default_rng(0)
N = 500
TOWN = pd.Series(RANDOM.choice(["Bonn", "Celle", "Köln", "Jena"], N, p=[0.4, 0.3, 0.2, 0.1]))


def found(source, target):
    cells = seen(pd.DataFrame({"x": source, "y": target}))
    return lookups.find(cells["y"], cells["x"])


def test_levels_numbers_and_truth_values():
    assert found(TOWN, TOWN.map({"Bonn": "NW", "Celle": "NI", "Köln": "NW", "Jena": "TH"})) == (
        "lookup(x, {'Bonn': 'NW', 'Celle': 'NI', 'Köln': 'NW', 'Jena': 'TH'})"
    )
    assert found(TOWN, TOWN.map({"Bonn": 1.5, "Celle": 2.25, "Köln": 3.0, "Jena": 9.0})) == (
        "lookup(x, {'Bonn': 1.5, 'Celle': 2.25, 'Köln': 3, 'Jena': 9})"
    )
    assert found(TOWN, TOWN == "Bonn") == "lookup(x, {'Bonn': True, 'Celle': False, 'Köln': False, 'Jena': False})"
    assert (
        found(TOWN == "Bonn", np.where(TOWN == "Bonn", "here", "there")) == "lookup(x, {False: 'there', True: 'here'})"
    )


def test_functions_of_texts():
    assert found(TOWN, TOWN.str[:2]) == "prefix(x, 2)"
    assert found(TOWN, TOWN.str.upper()) == "upper(x)"
    assert found(TOWN, TOWN.str.lower()) == "lower(x)"


def test_names_that_hardly_repeat_decide_nothing():
    names = [f"name {i}" for i in RANDOM.integers(0, 4000, N)]
    assert found(names, np.where(RANDOM.random(N) < 0.05, "yes", "no")) is None


def test_rare_values_that_only_single_names_have_are_no_function():
    rows = 4000
    names = np.array([f"n{i}" for i in RANDOM.integers(0, 40, rows)], dtype=object)
    names[:80] = [f"single {i}" for i in range(80)]
    assert found(names, np.where(np.arange(rows) < 80, "yes", "no")) is None


def test_a_single_contradiction_is_enough():
    state = TOWN.map({"Bonn": "NW", "Celle": "NI", "Köln": "NW", "Jena": "TH"})
    state[400] = "NW" if state[400] != "NW" else "TH"
    assert found(TOWN, state) is None
