"""The worked example: draws, a regression on each, pooled."""

import numpy as np
import pandas as pd
import pytest

from evenvae import EvenVAE, Network
from support import FAST, load_example, people


@pytest.fixture(scope="module")
def example():
    return load_example("multiple_imputation")


def test_the_example_pools_what_its_tables_say(example):
    short = {"epochs": 150, "network": Network(width=16), "latent_size": 4}
    found = example.run(rows=250, draws=3, **short)
    pooled, guess = found["pooled"], found["best guess"]
    assert (pooled.low < pooled.estimate).all()
    assert (pooled.estimate < pooled.high).all()
    # the slope of schooling, of which a third of the cells is missing: filled cells are less certain than seen ones
    slope = example.TERMS.index("schooling")
    assert 0.1 < pooled.missing_information[slope] < 0.99
    assert pooled.standard_error[slope] > np.sqrt(guess[1][slope])
    # with short training the slope shrinks, but it is found
    assert 0.3 < pooled.estimate[slope] < 1.2


def test_the_regression_is_least_squares(example):
    whole, _ = example.survey(400)
    inputs = pd.get_dummies(whole.drop(columns="income"), columns=["sector"], drop_first=True, dtype=float)
    stacked = np.column_stack([np.ones(400), inputs[["age", "schooling"]], inputs["sector_public"] == 0])
    expected, *_ = np.linalg.lstsq(stacked, whole["income"].to_numpy(), rcond=None)
    estimate, variance = example.regression(whole)
    np.testing.assert_allclose(estimate, expected)
    assert (np.abs(estimate - example.TRUTH) < 4 * np.sqrt(variance)).all()


def test_draws_take_the_members_in_turn():
    model = EvenVAE(**FAST, ensemble=2).fit(people())
    one, two = model.impute(people(), draws=4, random_state=0), []
    whole = model.fitted_
    for member, density in zip(whole.members, whole.densities, strict=True):
        model.fitted_ = whole.replaced(members=(member,), densities=(density,))
        two.append(model.impute(people(), draws=4, random_state=0))
    of = lambda table: table["income"].iloc[3]
    by_member = [[of(table) == of(alone[i]) for alone in two] for i, table in enumerate(one)]
    assert [row.count(True) for row in by_member] == [1, 1, 1, 1]
    assert by_member[0] == by_member[2] != by_member[1] == by_member[3]
