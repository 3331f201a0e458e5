"""Numbers that are absurdly large: in a training table, and in rows that are asked about."""

import warnings

import numpy as np
import pandas as pd
import pytest

from evenvae import EvenVAE, InputError, TableWarning
from support import fast, people

ABSURD = (1e300, -1e300, 1e39, np.inf, -np.inf, 1e12)
COLUMNS = ("real", "income", "age", "balance")
"""Normal, log-normal, count, and whole numbers."""


def table(rows=120):
    frame = people(rows)
    frame["real"] = np.random.default_rng(0).normal(size=rows)
    return frame


def with_cell(frame, column, value, row=1):
    frame = frame.astype({column: float})
    frame.loc[row, column] = value
    return frame


@pytest.fixture(
    scope="module",
    params=[
        {},
        pytest.param({"model": "hivae"}, marks=pytest.mark.slow),
        pytest.param({"preset": "paper"}, marks=pytest.mark.slow),
        pytest.param({"ensemble": 2, "objective": "iwae"}, marks=pytest.mark.slow),
        pytest.param({"purpose": "sample"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def fitted(request):
    return fast(epochs=2, **request.param).fit(table())


def answers(model, frame):
    """Everything that can be asked about rows, as arrays by name."""
    found = dict(model.score_samples(frame, samples=8, return_details=True), transform=model.transform(frame))
    if model.model == "vae":
        found |= dict(zip(("mean", "std"), model.posterior(frame), strict=True))
    found["evaluate"] = model.evaluate(frame)[["error", "log_likelihood"]].to_numpy(float)
    found["reconstruct"] = model.reconstruct(frame)[list(COLUMNS)].to_numpy(float)
    hole = with_cell(frame, "income", np.nan, row=2)
    found["impute"] = model.impute(hole)["income"].to_numpy()[2:3]
    found["draws"] = model.impute(hole, draws=2, samples=8)[1]["income"].to_numpy()[2:3]
    return found


@pytest.mark.parametrize("column", COLUMNS)
def test_an_absurd_cell_counts_as_missing_and_says_so(fitted, column):
    rows = table().iloc[:5]
    hole = fitted.score_samples(with_cell(rows, column, np.nan), samples=8)
    for value in ABSURD:
        with pytest.warns(TableWarning, match=f"'{column}'.*treated as missing"):
            found = fitted.score_samples(with_cell(rows, column, value), samples=8)
        np.testing.assert_allclose(found, hole, rtol=1e-6, err_msg=str(value))
        with pytest.warns(TableWarning, match=f"'{column}'"):
            alone = fitted.score_samples(with_cell(rows, column, value).loc[[1]], samples=8)
        assert alone[0] == pytest.approx(hole[1], rel=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        for name, answer in answers(fitted, with_cell(rows, column, 1e300)).items():
            assert np.isfinite(answer).all(), name


@pytest.mark.parametrize("value", [1e3, 1e5])
def test_what_is_only_far_away_is_very_unlikely(fitted, value):
    rows = with_cell(table().iloc[:5], "real", value)
    with warnings.catch_warnings():
        warnings.simplefilter("error", TableWarning)
        found = answers(fitted, rows)
    for name, answer in found.items():
        assert np.isfinite(answer).all(), name
    if fitted.purpose != "sample":  # the outermost bin of a histogram has no end
        assert found["total"][1] < found["total"][[0, 2, 3, 4]].min() - 1000


@pytest.mark.parametrize("value", [1e300, -1e39, 1e20, np.inf])
def test_one_absurd_cell_does_not_spoil_a_training_table(value):
    X = np.random.default_rng(0).normal(size=(80, 2))
    X[:, 1] += X[:, 0]
    broken = X.copy()
    broken[7, 0] = value
    with pytest.warns(TableWarning, match="'x0'.*treated as missing" if np.isinf(value) else "'x0'.* in row 7"):
        model = fast(epochs=2).fit(broken)
    assert model.schema_.columns[0].high < 5
    hole = X.copy()
    hole[7, 0] = np.nan
    np.testing.assert_array_equal(fast(epochs=2).fit(hole).transform(X), model.transform(X))


def test_a_column_of_absurd_numbers_alone_is_refused():
    X = np.random.default_rng(0).normal(size=(30, 2))
    with pytest.raises(InputError, match=r"'x0'.*divide"):
        EvenVAE().fit(np.column_stack([X[:, 0] * 1e200, X[:, 1]]))


def test_a_column_of_ages_with_one_absurd_cell_is_imputed_about_as_well():
    rng = np.random.default_rng(0)
    older = rng.normal(size=400)
    ages = np.clip(np.round(40 + 15 * older), 0, 99)
    frame = pd.DataFrame({"age": ages, "grey": older + 0.2 * rng.normal(size=400), "noise": rng.normal(size=400)})
    hidden = rng.random(400) < 0.25
    hole = frame.mask(np.column_stack([hidden, np.zeros((400, 2), bool)]))
    seen = np.flatnonzero(~hidden)[3]
    broken = with_cell(hole, "age", 1e300, row=seen)

    def error(table):
        model = fast(epochs=60, purpose="impute", training__learning_rate=1e-2).fit(table)
        filled = model.impute(table)["age"].to_numpy()
        return np.sqrt(np.mean((filled - ages)[hidden] ** 2)), model

    plain, _ = error(hole)
    with pytest.warns(TableWarning, match=rf"'age'.*1e\+300 in row {seen}"):
        spoilt, model = error(broken)
    assert model.schema_["age"].high <= 99
    # an age that is guessed without the other columns is off by 15 years
    assert plain < 8
    assert spoilt < 1.1 * plain + 0.2
