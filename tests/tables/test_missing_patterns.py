"""Columns that are missing together are found as in a table that is seen whole."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evenvae.tables.missing_patterns import MissingPatterns


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_groups_are_equal_columns(seed, features):
    rng = np.random.default_rng(seed)
    observed = rng.random((40, features)) < 0.8
    for place in range(1, features):
        if rng.random() < 0.5:
            observed[:, place] = observed[:, rng.integers(place)]
    patterns = MissingPatterns(features)
    for piece in np.array_split(observed, 3):
        patterns.add(piece)
    group, first = patterns.groups()
    assert patterns.rows == 40
    assert (patterns.counts == (~observed).sum(axis=0)).all()
    for one in range(features):
        assert (group[one] < 0) == observed[:, one].all()
        for other in range(features):
            same = (observed[:, one] == observed[:, other]).all()
            assert (group[one] == group[other]) == same
    assert (np.diff(patterns.counts[first]) >= 0).all()
    assert (group[first] == np.arange(len(first))).all()
