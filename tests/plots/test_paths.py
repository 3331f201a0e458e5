"""The multipliers and constraints of GECO over training."""

import numpy as np
import pytest

from evenvae import InputError, plots


def test_paths_hold_the_history(model):
    fitted, _ = model
    above, below = plots.paths(fitted).axes
    history = [record["multiplier"][0][0] for record in fitted.history_]
    np.testing.assert_allclose(above.lines[0].get_ydata(), history)
    np.testing.assert_allclose(below.lines[0].get_ydata(), [r["constraint"][0][0] for r in fitted.history_])


def test_models_without_multipliers_are_told(plain):
    with pytest.raises(InputError, match="geco's"):
        plots.paths(plain)
