"""Sums and differences of columns."""

import numpy as np
import pandas as pd

from evenvae.tables.relations import sums
from relations_support import formulas, seen

RANDOM = np.random.default_rng(0)
N = 400
A, B, C, D = (RANDOM.gamma(2, 10, N).round(2) for _ in range(4))


def pair(frame, target):
    cells = seen(frame)
    return sums.find(cells[target], [one for name, one in cells.items() if name != target])


def test_sums_and_differences_of_two():
    assert pair(pd.DataFrame({"a": A, "b": B, "c": C, "y": (A + C).round(2)}), "y") == "a + c"
    assert pair(pd.DataFrame({"a": A, "b": B, "c": C, "y": (C - A).round(2)}), "y") == "c - a"
    assert pair(pd.DataFrame({"a": A, "b": B, "c": C, "y": (C + A + 0.01).round(2)}), "y") is None


def test_a_total_is_computed_from_its_parts_wherever_it_stands():
    for order in (["a", "b", "y"], ["y", "a", "b"], ["a", "y", "b"]):
        frame = pd.DataFrame({"a": A, "b": B, "y": (A + B).round(2)})[order]
        assert formulas(frame) == {"y": "a + b"}


def test_sums_of_many():
    frame = pd.DataFrame({"a": A, "b": B, "c": C, "d": D, "y": (A + B + C + D).round(2), "z": RANDOM.normal(size=N)})
    assert formulas(frame) == {"y": "a + b + c + d"}


def test_a_term_that_hardly_ever_counts_may_be_chance():
    b = np.zeros(N)
    b[3] = 5.5
    assert pair(pd.DataFrame({"a": A, "b": b, "y": (A + b).round(2)}), "y") is None


def test_columns_of_hardly_anything_but_zeros_are_ruled_out_by_the_few_other_rows(monkeypatch):
    # as pixels at the border of an image: no 24 rows that are taken at random hold anything but zeros
    cells = np.zeros((4000, 40))
    for column, where in zip(cells.T, RANDOM.permuted(np.tile(np.arange(4000), (40, 1)), axis=1)[:, :12], strict=True):
        column[where] = RANDOM.integers(1, 256, 12)
    compared = []
    holds = sums._holds
    monkeypatch.setattr(sums, "_holds", lambda *arguments: compared.append(1) or holds(*arguments))
    assert pair(pd.DataFrame(cells, columns=[f"p{number}" for number in range(40)]), "p0") is None
    # of 780 sums and 1560 differences
    assert len(compared) < 10


def test_a_span_of_time_between_two_dates():
    start = pd.Timestamp("2020-01-01") + pd.to_timedelta(RANDOM.integers(0, 10**6, N), unit="s")
    span = pd.to_timedelta(RANDOM.integers(0, 10**5, N), unit="s")
    assert pair(pd.DataFrame({"start": start, "end": start + span, "span": span}), "span") == "end - start"
