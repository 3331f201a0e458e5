"""Gradients scaled by a power of their norms."""

import numpy as np
import pytest

from balancing_support import direction, random_rows, weights


def test_power_norm_between_its_ends():
    rows = random_rows((4, 6, 3, 3))
    np.testing.assert_allclose(direction("power-norm[gamma=0]", rows), rows.sum(0), rtol=1e-9)
    lengths = weights("equal-norm", rows) * np.linalg.norm(rows, axis=1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-9)
    assert weights("equal-norm", rows).sum() == pytest.approx(4)
