"""Objectives as a user chooses them: constraints that are held, and what is said of wrong options."""

import numpy as np
import pytest

from evenvae import GECO, InputError
from support import fast, people


def test_constraints_are_held_in_training_and_kept_in_the_history():
    table = people(400)[["age", "income", "member"]]
    settings = {"epochs": 120, "training__learning_rate": 3e-3, "training__schedule": "constant"}
    model = fast(**settings, objective=GECO(constraint="column", gain=0.3, rate=0.05)).fit(table)
    assert model.fitted_.plan.balance == "none"
    broken = np.array([record["constraint"][0] for record in model.history_])
    multipliers = np.array([record["multiplier"][0] for record in model.history_])
    assert broken.shape == multipliers.shape == (len(model.history_), 3)
    # so fast a multiplier swings around its constraint; over a while it is held
    np.testing.assert_allclose(broken[len(broken) // 2 :].mean(0), 0, atol=0.1)
    assert np.ptp(multipliers, axis=0).min() > 0.05


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"objective__constraint": "column"}, "constraint"),
        ({"objective": "geco", "objective__constraint": "cell"}, "row, column"),
        ({"objective": "geco", "objective__target": 1.0, "objective__gain": 0.5}, "one of them"),
        ({"objective": "geco", "objective__beta": 2.0}, "beta"),
        ({"objective": "geco", "objective__rate": 0.0}, "rate"),
        ({"objective": "beta"}, "beta=4"),
    ],
)
def test_wrong_options_are_told(options, words):
    with pytest.raises(InputError, match=words):
        fast(**options).fit(people(60))


def test_a_balancer_that_undoes_the_multipliers_is_told(caplog):
    model = fast(epochs=1, objective=GECO(constraint="column"), balance="imtl-g")
    model.fit(people(60))
    assert "without bound" in caplog.text
