"""From the metrics of runs to a ranking: by hand, and by the stored values of the corrected test."""

import numpy as np
import pandas as pd
import pytest

from evenvae.search import search
from evenvae.search.summary import against, describe, score
from made_up import SMALL, MadeUp


def sweep(table, folder, level, **options):
    return search(table, folder, executor=MadeUp(level), refit=False, **{**SMALL, **options})


def test_the_corrected_test_pairs_seeds():
    plain = dict(enumerate((0.32, 0.30, 0.33, 0.29, 0.31)))
    other = dict.fromkeys(range(5), 0.2) | {7: 99.0}
    difference, t, p = against(plain, other, 2 / 7)
    assert difference == pytest.approx(0.11)
    assert t == pytest.approx(9.98233734, rel=1e-7)
    assert p == pytest.approx(5.65863e-4, rel=1e-5)
    assert np.isnan(against(plain, {0: 0.1}, 2 / 7)[1])


def test_spread_is_of_the_runs_that_ended_well():
    runs = pd.DataFrame(
        {"status": ["done", "done", "failed", "done"], "figure": [0.1, 0.4, None, 0.2], "tested": [0.2, 0.2, None, 0.5]}
    )
    row = describe("pcgrad", runs, tested=True)
    assert (row["runs"], row["failed"]) == (3, 1)
    assert row["median"] == pytest.approx(0.2)
    assert row["mean"] == pytest.approx(0.7 / 3)
    assert row["deviation"] == pytest.approx(np.std([0.1, 0.4, 0.2], ddof=1))
    assert row["test_mean"] == pytest.approx(0.3)


def test_one_lucky_seed_does_not_win(table, tmp_path):
    levels = {"none": (0.5,) * 5, "pcgrad": (0.01, 0.6, 0.6, 0.6, 0.6), "imtl-g": (0.4, 0.4, 0.4, 0.9, 0.9)}
    level = lambda balance, seed: levels[balance][seed]
    options = {"balances": list(levels), "seeds": 5}
    summary = sweep(table, tmp_path / "a", level, **options).summary
    assert summary.chosen == "imtl-g"
    assert list(summary.table["balance"]) == ["imtl-g", "none", "pcgrad"]
    careful = sweep(table, tmp_path / "b", level, select="careful", **options).summary
    assert careful.chosen == "none"


def test_careful_adds_the_deviation():
    table = pd.DataFrame({"median": [0.2, 0.2], "mean": [0.2, 0.4], "deviation": [0.0, 0.1]})
    np.testing.assert_allclose(score(table, "careful"), [0.2, 0.4])


def test_a_combination_with_failed_runs_stands_behind(table, tmp_path):
    class Failing(MadeUp):
        def record(self, job, seed):
            record = super().record(job, seed)
            if job.balance == "pcgrad" and seed == 1:
                record |= {"status": "failed", "figure": None, "columns": [], "message": "non-finite"}
            return record

    level = lambda balance, seed: 0.1 if balance == "pcgrad" else 0.5
    outcome = search(table, tmp_path, executor=Failing(level), refit=False, balances="none,pcgrad", seeds=3, **SMALL)
    assert outcome.summary.chosen == "none"
    assert list(outcome.summary.table["failed"]) == [0, 1]


class Torn(MadeUp):
    """What is reconstructed best is the least likely and has the worst column."""

    def measured(self, level):
        measured = super().measured(level)
        return {**measured, "means": {**measured["means"], "worst": 1 - level, "log_likelihood": 10 * level}}


@pytest.mark.parametrize(
    ("measure", "best", "figure"),
    [("purpose", "pcgrad", 0.3), ("error", "pcgrad", 0.3), ("hidden-error", "pcgrad", 0.3),
     ("worst-column", "none", 0.5), ("log-likelihood", "none", -5.0)],
)  # fmt: skip
def test_the_measure_decides(table, tmp_path, measure, best, figure):
    level = lambda balance, seed: {"none": 0.5, "pcgrad": 0.3}[balance]
    options = {"balances": "none,pcgrad", "seeds": 2, "measure": measure, "refit": False, "test_fraction": 0.25}
    summary = search(table, tmp_path, executor=Torn(level), **options, **SMALL).summary
    assert summary.chosen == best
    assert summary.table["median"][0] == pytest.approx(figure)
    assert summary.table["test_median"][0] == pytest.approx(figure)
    assert "validation rows" in summary.figure
    assert summary.test_over_train == pytest.approx(50 / 135)


def test_the_purpose_decides_what_is_tested(table, tmp_path):
    level = lambda balance, seed: {"none": 0.5, "pcgrad": 0.3}[balance]
    options = {"balances": "none,pcgrad", "refit": False, "test_fraction": 0.25, "purpose": "score", "seeds": 2}
    summary = search(table, tmp_path, executor=Torn(level), **options, **SMALL).summary
    assert summary.figure.startswith("loss")
    assert summary.tested == "negative log-likelihood, nats a row"
    assert list(summary.table["test_median"]) == [-3.0, -5.0]
