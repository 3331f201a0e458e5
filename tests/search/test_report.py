"""The summary as files."""

import json

import numpy as np
import pandas as pd
import pytest

from evenvae.search import search
from evenvae.search.report import column_costs
from made_up import SMALL, MadeUp


def test_files_say_the_same(table, tmp_path):
    level = lambda balance, seed: {"none": 0.5, "pcgrad": 0.3}[balance] + 0.01 * seed
    search(table, tmp_path, executor=MadeUp(level), refit=False, balances="none,pcgrad", seeds=3, **SMALL)
    document = json.loads((tmp_path / "summary.json").read_text())
    written = pd.read_csv(tmp_path / "summary.csv")
    assert document["chosen"] == "pcgrad"
    assert [row["balance"] for row in document["combinations"]] == list(written["balance"])
    np.testing.assert_allclose(written["median"], [0.31, 0.51])
    np.testing.assert_allclose(written["less_than_plain"], [0.2, np.nan])
    columns = pd.read_csv(tmp_path / "columns.csv")
    assert list(columns.columns) == ["rows", "measure", "column", "pcgrad", "none"]
    columns = columns[columns["measure"] == "figure"]
    assert list(columns["column"]) == ["age", "city", "income", "member"]
    assert (tmp_path / "figures.png").stat().st_size > 1000


def test_the_columns_that_pay_are_named(table, tmp_path):
    class Paying(MadeUp):
        def measured(self, level):
            measured = super().measured(level)
            measured["columns"]["error"] = [level, 1 - level, level, level]
            return measured

    level = lambda balance, seed: {"none": 0.5, "pcgrad": 0.3}[balance]
    outcome = search(table, tmp_path, executor=Paying(level), balances="none,pcgrad", refit=False, seeds=1, **SMALL)
    found = column_costs(outcome.summary)
    worse = found[found["chosen"] > found["plain"]]
    assert worse[["column", "plain", "chosen"]].to_numpy().tolist() == [["city", 0.5, 0.7]]
    by_name = outcome.summary.table.set_index("balance")
    assert by_name.loc["pcgrad", "worst_regret"] == pytest.approx(1.4)
    assert by_name.loc["pcgrad", "regret_of"] == "city"
    assert by_name.loc["none", "worst_regret"] == 1
    assert by_name.loc["none", "nats"] == 0
