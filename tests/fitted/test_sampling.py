"""Sampled rows with the holes that the training table would have."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest

import evenvae
from evenvae import EvenVAE, InputError
from evenvae.fitted import sampling
from support import FAST, fast, incomplete

pytestmark = pytest.mark.usefixtures("small_draws")


@pytest.fixture(scope="module")
def table():
    return incomplete()


@pytest.fixture(scope="module")
def fitted(table):
    return EvenVAE(**FAST, ensemble=2).fit(table)


def test_sampled_rows_are_as_holey_as_the_table(fitted, table):
    drawn = fitted.sample(4000, random_state=0, missing=True)
    assert [str(t) for t in drawn.dtypes] == [str(t) for t in table.dtypes]
    # four standard errors
    np.testing.assert_allclose(drawn.isna().mean(), table.isna().mean(), atol=4 * 0.5 / np.sqrt(4000))
    assert drawn["sodium"].isna().equals(drawn["potassium"].isna())
    whole = fitted.sample(4000, random_state=0)
    assert not whole.isna().any().any()
    pd.testing.assert_frame_equal(drawn.fillna(whole), whole)
    old = whole["age"] > whole["age"].median()
    assert drawn.loc[old, "income"].isna().mean() > drawn.loc[~old, "income"].isna().mean() + 0.1
    pd.testing.assert_frame_equal(drawn, fitted.sample(4000, random_state=0, missing=True))


def test_a_model_whose_rows_are_older_lacks_as_many_cells(fitted, table, monkeypatch):
    real = sampling.kernels.sample
    monkeypatch.setattr(sampling.kernels, "sample", lambda *given: real(*given).at[:, 0].add(1.0))
    model = copy.copy(fitted)
    model.fitted_ = fitted.fitted_.replaced()
    drawn = model.sample(4000, random_state=0, missing=True)
    assert drawn["age"].mean() > table["age"].mean() + table["age"].std() / 2
    np.testing.assert_allclose(drawn.isna().mean(), table.isna().mean(), atol=4 * 0.5 / np.sqrt(4000))
    old = drawn["age"] > drawn["age"].median()
    assert drawn.loc[old, "income"].isna().mean() > drawn.loc[~old, "income"].isna().mean() + 0.1


def test_a_condition_changes_the_share_as_the_dependence_says(fitted, table):
    oldest = fitted.sample(300, given={"age": (70, None)}, random_state=0, missing=True)
    youngest = fitted.sample(300, given={"age": (None, 35)}, random_state=0, missing=True)
    assert oldest["income"].isna().mean() > table["income"].isna().mean() + 0.3
    assert youngest["income"].isna().mean() < table["income"].isna().mean() - 0.15


def test_conditions_and_rules_hold_and_given_cells_are_there(fitted):
    drawn = fitted.sample(
        200,
        given={"income": (3000, None), "clinic": "B"},
        rules="sodium > 30 * potassium",
        random_state=0,
        missing=True,
    )
    assert (drawn["income"] >= 3000).all()
    assert (drawn["clinic"] == "B").all()
    assert 0 < drawn["sodium"].isna().mean() < 1
    seen = drawn.dropna()
    assert (seen["sodium"] > 30 * seen["potassium"]).all()


def test_the_pattern_is_saved_with_the_model(fitted, tmp_path):
    fitted.save(tmp_path / "m.evenvae")
    loaded = evenvae.load(tmp_path / "m.evenvae")
    pd.testing.assert_frame_equal(
        fitted.sample(50, random_state=3, missing=True), loaded.sample(50, random_state=3, missing=True)
    )
    loaded.fitted_ = loaded.fitted_.replaced(missingness=None)
    with pytest.raises(InputError, match="fit it again"):
        loaded.sample(5, missing=True)


HOLES = np.where(np.arange(80) % 4 == 1, np.nan, np.linspace(-1, 1, 80))
"""Numbers of which a quarter is missing."""


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"x": HOLES}),
        pd.DataFrame({"x": HOLES, "l": np.where(np.isnan(HOLES), None, np.where(HOLES > 0, "a", "b"))}),
        pd.DataFrame({"x": HOLES, "c": np.where(np.arange(80) % 4 == 2, None, "same")}),
    ],
    ids=["one column", "blank lines", "a constant"],
)
def test_holes_that_no_other_column_explains(table):
    model = EvenVAE(**FAST).fit(table)
    drawn = model.sample(2000, random_state=0, missing=True)
    np.testing.assert_allclose(drawn.isna().mean(), table.isna().mean(), atol=4 * np.sqrt(0.25 * 0.75 / 2000))
    if "l" in table:
        assert drawn["x"].isna().equals(drawn["l"].isna())
    # rows that are empty in every column carry nothing, and do no harm
    assert np.isfinite(model.score_samples(table, samples=8)).all()
    assert np.isfinite(model.evaluate(table).attrs["error"])
    assert not model.impute(table).isna().any().any()


def test_the_share_is_found_once_and_from_the_model_alone(fitted, monkeypatch):
    asked = []
    real = sampling.kernels.sample
    monkeypatch.setattr(sampling.kernels, "sample", lambda *given: asked.append(len(given[3])) or real(*given))
    model, other = copy.copy(fitted), copy.copy(fitted)
    model.fitted_, other.fitted_ = fitted.fitted_.replaced(), fitted.fitted_.replaced()
    one = model.sample(30, random_state=1, missing=True)
    first = sum(asked)
    assert first >= sampling.CALIBRATION
    model.sample(30, random_state=2, missing=True)
    assert sum(asked) - first < sampling.CALIBRATION / 2
    # whatever is asked first
    other.sample(500, given={"clinic": "B"}, random_state=5, missing=True)
    pd.testing.assert_frame_equal(other.sample(30, random_state=1, missing=True), one)


def test_a_table_without_holes_gives_none(tmp_path):
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"a": rng.normal(size=80), "n": rng.poisson(3, 80), "b": ["x", "y"] * 40})
    model = EvenVAE(**FAST).fit(table)
    drawn = model.sample(30, random_state=0, missing=True)
    assert drawn.equals(model.sample(30, random_state=0))
    model.save(tmp_path / "m.evenvae")
    assert evenvae.load(tmp_path / "m.evenvae").sample(30, random_state=0, missing=True).equals(drawn)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"model": "hivae", "epochs": 80}, {"task": "clinic"}, {"objective": "iwae"}])
def test_every_model_draws_holes(table, options):
    drawn = fast(**options).fit(table).sample(1000, random_state=0, missing=True)
    np.testing.assert_allclose(drawn.isna().mean(), table.isna().mean(), atol=4 * 0.5 / np.sqrt(1000))
    assert drawn["sodium"].isna().equals(drawn["potassium"].isna())


def test_drawn_and_filled_numbers_are_values_of_the_table_where_these_repeat(tmp_path):
    rng = np.random.default_rng(0)
    doses = rng.choice([2.5, 5.0, 10.0, 40.0], 400)
    frame = pd.DataFrame({"dose": doses, "weight": rng.normal(70, 9, 400), "kind": np.where(doses > 5, "a", "b")})
    model = evenvae.EvenVAE(epochs=1, random_state=0, validation_fraction=0.2).fit(frame)
    model.save(tmp_path / "model.evenvae")
    holes = frame.assign(dose=np.nan)
    for one in (model, evenvae.load(tmp_path / "model.evenvae")):
        drawn = one.sample(200, random_state=1)
        assert set(drawn["dose"]) <= set(doses)
        # numbers that hardly repeat are not copied, but for the bounds
        copied = set(drawn["weight"].round(9)) & set(frame["weight"].round(9))
        assert len(copied) <= 2
        given = one.sample(50, given={"kind": "a"}, random_state=1)
        assert set(given["dose"]) <= set(doses)
        filled = one.impute(holes, draws=2, random_state=0)
        assert set(filled[0]["dose"]) | set(filled[1]["dose"]) <= set(doses)
        # the best guess is a mean, which need not be a value of the table
        assert not set(one.impute(holes)["dose"]) <= set(doses)
