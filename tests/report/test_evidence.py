"""What is asked of the model."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from evenvae import EvenVAE, InputError, Network
from evenvae.report import build, gather


def test_large_tables_are_summarised_by_seed(fitted, table):
    few = gather(fitted, table, rows=40, seed=1)
    again = gather(fitted, table, rows=40, seed=1)
    assert len(few.values) == 40
    assert few.table_rows == 300
    np.testing.assert_array_equal(few.places, again.places)
    assert [s.parts for s in build(few)] == [s.parts for s in build(again)]


def test_the_pilot_stands_beside_unless_another_model_is_given(fitted, plain, table):
    own = clone(fitted).set_params(pilot=True).fit(table)
    by_default, by_hand = gather(own, table, rows=60), gather(fitted, table, rows=60, beside=plain)
    assert by_default.other is own.pilot_
    pd.testing.assert_frame_equal(by_default.evaluation, by_hand.evaluation)
    assert by_default.evaluation.attrs == by_hand.evaluation.attrs
    assert (by_default.label, by_default.other_label) == (by_hand.label, "plain")
    assert build(by_default)[0].lead == build(by_hand)[0].lead
    given = gather(own, table, rows=60, beside=fitted)
    assert given.other is fitted
    np.testing.assert_array_equal(given.evaluation["regret"], 1)


def test_a_model_without_balance_is_told_from_its_pilot(fitted, table):
    imputing = clone(fitted).set_params(purpose="impute", pilot=True, epochs=1).fit(table)
    evidence = gather(imputing, table, rows=40)
    assert (evidence.label, evidence.other_label) == ("as it was asked for", "plain")


def test_wrong_input_is_one_sentence(fitted, table):
    other = EvenVAE(network=Network(width=8, depth=1), latent_size=1, epochs=1).fit(table[["age", "income"]])
    with pytest.raises(InputError, match="other columns"):
        gather(fitted, table, beside=other)
    with pytest.raises(InputError, match="rows=1"):
        gather(fitted, table, rows=1)
