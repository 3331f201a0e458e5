"""Cells that are hidden on purpose."""

import numpy as np
import pytest

from evenvae.metrics import hide


def test_hiding_leaves_every_row_a_cell_and_hides_observed_cells_only():
    rng = np.random.default_rng(0)
    observed = rng.random((500, 3)) < 0.6
    hidden = hide(observed, 0.8, rng)
    assert not (hidden & ~observed).any()
    left = observed & ~hidden
    assert left.any(axis=1)[observed.any(axis=1)].all()
    many = hide(np.ones((2000, 20), bool), 0.2, rng)
    assert many.mean() == pytest.approx(0.2, abs=0.01)
