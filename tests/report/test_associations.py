"""The section on associations of columns."""

import numpy as np
import pytest

from evenvae.report import associations
from report_support import figures, tables


def test_associations_of_known_pairs():
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    assert associations.association(x, -np.exp(x), (False, False)) == pytest.approx(-1)
    codes = (x > 0).astype(float)
    assert associations.association(codes, 1 - codes, (True, True)) == pytest.approx(1)
    assert associations.association(codes, rng.integers(0, 3, 2000).astype(float), (True, True)) < 0.1
    ratio = associations.association(codes, x, (True, False))
    assert ratio == pytest.approx(np.sqrt(2 / np.pi), abs=0.03)  # of a normal split at its mean
    assert associations.association(x, codes, (False, True)) == pytest.approx(ratio)
    assert np.isnan(associations.association(x, np.ones(2000), (False, False)))
    assert np.isnan(associations.association(x[:5], x[:5], (False, False)))


def test_pairs_of_levels_are_counted():
    first, second = np.array([0.0, 0, 2, 2, 2]), np.array([1.0, 3, 3, 3, 1])
    np.testing.assert_array_equal(associations.counted(first, second), [[1, 1], [1, 2]])


def test_association_map_switches_between_three(sections, evidence):
    heat = figures(sections["associations"])["associations"]
    assert [option[0] for option in heat.choice.options] == ["real", "sampled", "sampled − real"]
    real, sampled, gap = (np.array(option[1]["z"][0], float) for option in heat.choice.options)
    assert real.shape == (len(evidence.columns),) * 2
    known = np.isfinite(real) & np.isfinite(sampled)
    np.testing.assert_allclose(gap[known], (sampled - real)[known], atol=2e-3)
    np.testing.assert_allclose(real[known], real.T[known])
    (pairs,) = tables(sections["associations"])
    gaps = [abs(float(b.replace("−", "-")) - float(a.replace("−", "-"))) for _, a, b in pairs.rows]
    assert gaps[0] >= gaps[-1]
