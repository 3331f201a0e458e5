"""Ctrl-C in a step that follows training: the model is kept without it, and the fit can go on from its checkpoint."""

import logging

import numpy as np
import pytest

from evenvae.fitted import matched_marginals
from evenvae.fitted.interruptible import unless_interrupted
from support import fast, people


@pytest.fixture
def pressed(monkeypatch):
    """Ctrl-C while marginals are matched."""

    def press(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(matched_marginals, "fit_shifts", press)
        yield patch


def test_a_model_is_kept_without_the_step_and_resumed_with_it(pressed, caplog, tmp_path):
    options = {"purpose": "sample", "random_state": 0}
    with caplog.at_level(logging.WARNING):
        model = fast(**options).fit(people(), checkpoint=tmp_path / "run")
    assert "interrupted while matching the marginals; the model itself is whole" in caplog.text
    assert model.interrupted_
    assert model.fitted_.marginal_shifts is None
    assert len(model.sample(20, random_state=0)) == 20
    pressed.undo()
    resumed = fast(**options).fit(people(), checkpoint=tmp_path / "run", resume=True)
    whole = fast(**options).fit(people())
    assert not resumed.interrupted_
    np.testing.assert_array_equal(resumed.fitted_.marginal_shifts, whole.fitted_.marginal_shifts)


def test_a_model_that_was_interrupted_itself_gets_no_step(pressed):
    model = fast(purpose="sample", random_state=0).fit(people()).fitted_
    assert model.record.interrupted
    assert unless_interrupted(model, "anything", lambda: pytest.fail("the step was taken")) is model
