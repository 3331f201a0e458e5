"""Sampled rows with the holes that the training table would have."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import evenvae
from evenvae import EvenVAE, InputError
from support import FAST, fast, incomplete

pytestmark = pytest.mark.usefixtures("small_draws")


@pytest.fixture(scope="module")
def table():
    return incomplete()


@pytest.fixture(scope="module")
def fitted(table):
    return EvenVAE(**FAST, ensemble=2).fit(table)


def test_sampled_rows_are_as_holey_as_the_table(fitted, table):
    drawn = fitted.sample(2000, random_state=0, missing=True)
    assert [str(t) for t in drawn.dtypes] == [str(t) for t in table.dtypes]
    # sampled values are the model's, so shares may differ by what the model gets wrong of them
    np.testing.assert_allclose(drawn.isna().mean(), table.isna().mean(), atol=0.08)
    assert drawn["sodium"].isna().equals(drawn["potassium"].isna())
    whole = fitted.sample(2000, random_state=0)
    assert not whole.isna().any().any()
    pd.testing.assert_frame_equal(drawn.fillna(whole), whole)
    old = whole["age"] > whole["age"].median()
    assert drawn.loc[old, "income"].isna().mean() > drawn.loc[~old, "income"].isna().mean() + 0.1
    pd.testing.assert_frame_equal(drawn, fitted.sample(2000, random_state=0, missing=True))


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
    np.testing.assert_allclose(drawn.isna().mean(), table.isna().mean(), atol=0.12)
    assert drawn["sodium"].isna().equals(drawn["potassium"].isna())
