"""Columns that are functions of others, from end to end: drawn, filled, translated, saved, turned off."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import evenvae
from evenvae import EvenVAE, InputError, Schema
from relations_support import trips
from support import FAST

pytestmark = pytest.mark.usefixtures("small_draws")
COLUMNS = ["clock", "hour", "minute", "left", "month", "code", "country", "mood"]
TABLE = trips()[COLUMNS]


@pytest.fixture(scope="module")
def fitted():
    return EvenVAE(**FAST).fit(TABLE)


def agrees(table):
    return (
        (table["hour"] == table["clock"] // 100)
        & (table["minute"] == table["clock"] % 100)
        & (table["month"] == table["left"].dt.month)
        & (table["country"] == table["code"].str[:2])
    )


def test_drawn_rows_agree_with_the_formulas(fitted):
    drawn = fitted.sample(500, random_state=0)
    assert agrees(drawn).all()
    assert [str(t) for t in drawn.dtypes] == [str(t) for t in TABLE.dtypes]
    holey = fitted.sample(500, random_state=0, missing=True)
    pd.testing.assert_frame_equal(holey, drawn)


@pytest.mark.parametrize(
    "given",
    [
        {"hour": 7},
        {"hour": 7, "minute": 30},
        {"hour": (8, 12)},
        {"country": "FR"},
        {"country": ["FR", "IT"], "minute": (None, 29)},
        {"clock": 1234},
        ["month >= 3", "hour < 20"],
    ],
)
def test_conditions_hold_after_the_formulas(fitted, given):
    drawn = fitted.sample(60, given=given, random_state=1)
    assert len(drawn) == 60
    assert agrees(drawn).all()
    for name, wanted in given.items() if isinstance(given, dict) else ():
        low, high = wanted if isinstance(wanted, tuple) else (None, None)
        if low is not None or high is not None:
            assert drawn[name].between(low or -np.inf, high or np.inf).all()
        else:
            assert drawn[name].isin(wanted if isinstance(wanted, list) else [wanted]).all()


def test_rules_hold_after_the_formulas(fitted):
    drawn = fitted.sample(60, rules=["hour >= 12 and minute != 0", "country == prefix(code, 2)"], random_state=1)
    assert (drawn["hour"] >= 12).all()
    assert (drawn["minute"] != 0).all()
    assert agrees(drawn).all()


def test_values_that_contradict_a_formula_are_refused(fitted):
    with pytest.raises(InputError, match="ease the conditions"):
        fitted.sample(10, given={"hour": 7, "clock": 1830}, random_state=0)


def test_filled_cells_agree_with_the_formulas(fitted):
    hidden = np.random.default_rng(0).random(TABLE.shape) < 0.3
    hidden[:, [COLUMNS.index("left")]] = False
    holey = TABLE.mask(hidden)
    filled = fitted.impute(holey)
    assert agrees(filled).all()
    for draw in fitted.impute(holey, draws=2):
        assert agrees(draw).all()
    seen = ~hidden
    assert (filled.to_numpy(object)[seen] == TABLE.to_numpy(object)[seen]).all()


def test_other_libraries_and_saved_models(fitted, tmp_path):
    model = EvenVAE(**FAST).fit(pl.from_pandas(TABLE))
    assert agrees(model.sample(50, random_state=0).to_pandas()).all()
    fitted.save(tmp_path / "m.evenvae")
    loaded = evenvae.load(tmp_path / "m.evenvae")
    pd.testing.assert_frame_equal(loaded.sample(50, random_state=3), fitted.sample(50, random_state=3))


def test_rows_of_latent_coordinates_and_of_other_tasks(fitted):
    assert agrees(fitted.inverse_transform(fitted.transform(TABLE))).all()
    model = EvenVAE(**FAST, task="mood").fit(TABLE)
    assert agrees(model.translate(TABLE, to={"mood": "bad"})).all()


def test_nothing_is_computed_from_a_task():
    model = EvenVAE(**FAST, task="code").fit(TABLE)
    assert model.schema_["country"].formula == ""
    assert model.schema_["hour"].formula == "clock // 100"
    assert len(model.sample(5, random_state=0)) == 5


def test_formulas_are_turned_off():
    table = TABLE[["clock", "hour", "mood"]]
    one = EvenVAE(**FAST, schema={"hour": {"formula": ""}}).fit(table)
    every = EvenVAE(**FAST, schema=Schema.infer(table, formulas=False)).fit(table)
    for model in (one, every):
        drawn = model.sample(300, random_state=0)
        assert (drawn["hour"] != drawn["clock"] // 100).any()
        assert drawn["hour"].between(table["hour"].min(), table["hour"].max()).all()


def test_evaluation_does_not_change():
    table = TABLE[["clock", "hour", "mood"]]
    on = EvenVAE(**FAST).fit(table)
    off = EvenVAE(**FAST, schema=Schema.infer(table, formulas=False)).fit(table)
    pd.testing.assert_frame_equal(on.evaluate(table), off.evaluate(table))
    pd.testing.assert_frame_equal(on.reconstruct(table), off.reconstruct(table))
