"""Rows drawn in rounds: the order, what stays as it is, and columns that depend on each other."""

import numpy as np
import pandas as pd
import pytest

from evenvae import EvenVAE, Network, Sampling, Training
from evenvae.fitted.unmasking import turns, unmasked
from support import people


@pytest.fixture(scope="module")
def twins():
    """A fitted model of two levels that are always equal, beside a number that says which."""
    rng = np.random.default_rng(0)
    one = rng.integers(0, 4, 1500)
    table = pd.DataFrame({"a": one.astype(str), "b": one.astype(str), "x": one * 2.0 + rng.normal(0, 0.1, 1500)})
    network = Network(width=32, depth=1)
    return EvenVAE(purpose="sample", epochs=40, network=network, random_state=0).fit(table), table


@pytest.mark.parametrize(("columns", "rounds"), [(3, 8), (16, 8), (20, 8), (20, 1), (5, 5)])
def test_every_missing_cell_has_its_turn_and_rounds_are_as_many_as_asked(columns, rounds):
    rng = np.random.default_rng(1)
    observed = rng.random((200, columns)) < 0.4
    observed[0] = False
    turn = turns(observed, rounds, rng)
    np.testing.assert_array_equal(turn == 0, observed)
    assert turn.max() <= rounds
    # of a row without a cell every round draws about equally many
    np.testing.assert_array_less(columns // min(rounds, columns) - 1, np.bincount(turn[0])[1:])
    assert turn[0].max() == min(rounds, columns)
    most = max(np.bincount(row[row > 0]).max(initial=0) for row in turn)
    assert most == -(-columns // rounds)


def test_the_order_is_random():
    turn = turns(np.zeros((4000, 4), bool), 4, np.random.default_rng(2))
    # each column comes first as often as any other
    np.testing.assert_allclose((turn == 1).mean(0), 0.25, atol=4 * (0.25 * 0.75 / 4000) ** 0.5)


def test_columns_that_depend_on_each_other_are_drawn_together(twins):
    model, _ = twins
    drawn = model.sample(600, random_state=1)
    assert (drawn["a"] == drawn["b"]).mean() > 0.9
    assert np.abs(drawn["x"] - 2.0 * drawn["a"].astype(int)).median() < 0.5
    again = model.sample(600, random_state=1)
    pd.testing.assert_frame_equal(drawn, again)


def test_one_round_draws_all_columns_from_a_latent(twins):
    model, table = twins
    fitted = model.fitted_
    assert fitted.plan.rounds == 16
    one = EvenVAE(purpose="sample", epochs=1, sampling=Sampling(rounds=1), random_state=0).fit(table)
    assert one.fitted_.plan.rounds == 1
    assert len(one.sample(30, random_state=1)) == 30


def test_given_cells_stay_and_are_seen(twins):
    model, _ = twins
    drawn = model.sample(200, given={"a": "3"}, random_state=2)
    assert (drawn["a"] == "3").all()
    assert (drawn["b"] == "3").mean() > 0.9


def test_observed_cells_stay_as_they_are(twins):
    model, table = twins
    fitted = model.fitted_
    values = np.full((50, fitted.space.layout.elements), np.nan)
    values[:, 2] = table["x"][:50]
    drawn = unmasked(fitted, values, 0, np.random.default_rng(3))
    np.testing.assert_array_equal(drawn[:, 2], values[:, 2])
    assert np.isfinite(drawn).all()


def test_draws_of_missing_cells_agree_with_each_other(twins):
    model, table = twins
    holes = table[:200].copy()
    holes[["a", "b"]] = None
    for filled in model.impute(holes, draws=3, random_state=4):
        assert (filled["a"] == filled["b"]).mean() > 0.9
        pd.testing.assert_series_equal(filled["x"], holes["x"])


def test_a_saved_model_draws_the_same_rows(twins, tmp_path):
    from evenvae import load

    model, _ = twins
    model.save(tmp_path / "twins.evenvae")
    pd.testing.assert_frame_equal(
        load(tmp_path / "twins.evenvae").sample(50, random_state=5), model.sample(50, random_state=5)
    )


def test_a_table_of_all_kinds_is_filled_and_drawn():
    table = people(300)
    options = {"latent_size": 3, "epochs": 3, "network": Network(width=16, depth=1), "random_state": 0}
    for purpose in ("impute", "sample"):
        model = EvenVAE(purpose=purpose, training=Training(batch_size=64), ensemble=2, **options).fit(table)
        assert model.fitted_.plan.sight
        assert not model.impute(table).isna().any().any()
        assert len(model.sample(40, random_state=1)) == 40
        assert np.isfinite(model.score_samples(table[:20])).all()
