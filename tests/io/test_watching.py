"""How far a piece of work is."""

import numpy as np
import pandas as pd

from evenvae import Schema
from evenvae.fitted.asking import in_slices
from evenvae.io.watching import ASKING, tell, told, watched


def test_a_watcher_is_told_in_order_and_forgotten():
    seen = []
    with watched(lambda *said: seen.append(said)):
        in_slices(lambda part: part, np.arange(10.0), 4)
    in_slices(lambda part: part, np.arange(10.0), 4)
    assert seen == [(ASKING, 0, 3), (ASKING, 1, 3), (ASKING, 2, 3), (ASKING, 3, 3)]


def test_the_inner_of_two_watchers_is_told():
    outer, inner = [], []
    with watched(lambda *said: outer.append(said)):
        with watched(lambda *said: inner.append(said)):
            tell("in", 1, None)
        tell("out", 1, None)
    assert (outer, inner) == ([("out", 1, None)], [("in", 1, None)])


def test_items_are_told_of_when_they_are_done():
    seen = []
    with watched(lambda *said: seen.append(said)):
        for item in told("ab", "spelling"):
            seen.append(item)
    assert seen == [("spelling", 0, 2), "a", ("spelling", 1, 2), "b", ("spelling", 2, 2)]


def test_a_schema_tells_of_its_columns_likelihoods_and_relations():
    seen = {}
    half = np.arange(200) % 17
    table = pd.DataFrame({"half": half, "whole": 2 * half + 1, "name": np.where(half > 8, "a", "b")})
    with watched(lambda what, done, total: seen.update({what: (done, total)})):
        Schema.infer(table)
    assert list(seen) == ["describing columns", "choosing likelihoods", "looking for relations"]
    assert seen["describing columns"] == seen["choosing likelihoods"] == (3, 3)
    done, total = seen["looking for relations"]
    assert done == total > 0
