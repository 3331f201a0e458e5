"""A table with a column for every rule of the inference."""

import uuid

import numpy as np
import pandas as pd

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
    "money": ([f"1,{i:03d}" for i in range(20)] * 10, "lognormal", "3"),
}


def table_of_every_rule():
    """The columns of `COLUMNS`, and some that are not modelled."""
    roles = {
        "row_id": RANDOM.permutation(N) * 3,
        "running": np.arange(1, N + 1),
        "uuid": [str(uuid.UUID(int=i)) for i in range(N)],
        "prose": [f"a long remark of customer {i} on the product" for i in [*range(N - 1), 0]],
        "same": ["x"] * N,
        "none": [None] * N,
    }
    return pd.DataFrame({**{name: cells for name, (cells, *_) in COLUMNS.items()}, **roles})
