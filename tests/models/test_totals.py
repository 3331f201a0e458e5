"""Constants by pieces are those of the whole table, up to rounding; the rest stays as in the sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenvae.likelihoods import registry
from evenvae.likelihoods.detailed import Details
from evenvae.models.space import Space
from evenvae.models.totals import Moments, Totals


@given(st.integers(0, 2**32), st.lists(st.integers(0, 30), min_size=1, max_size=5))
def test_merged_moments(seed, sizes):
    rng = np.random.default_rng(seed)
    parts = [1e6 + rng.normal(size=(size, 3)) for size in sizes]
    moments = Moments(3)
    for part in parts:
        part[rng.random(part.shape) < 0.2] = np.nan
        moments.add(part)
    together = np.concatenate(parts)
    for column, (count, mean, std) in enumerate(zip(moments.count, moments.mean, moments.std, strict=True)):
        cells = together[~np.isnan(together[:, column]), column]
        assert count == len(cells)
        if len(cells) > 1:
            np.testing.assert_allclose([mean, std], [cells.mean(), cells.std(ddof=1)], rtol=1e-9)


FAMILIES = [name for name in registry.names() if registry.family(name).values == "numbers"]


@pytest.mark.parametrize("details", [Details(), Details(rich=True, point=True)])
@pytest.mark.parametrize("name", FAMILIES)
def test_centers_and_scales_are_those_of_all_rows(name, details):
    rng = np.random.default_rng(1)
    family = registry.family(name)
    values = (
        np.round(rng.gamma(4.0, 4.0, 3000)) if family.in_support(np.array([0.5])).sum() == 0 else rng.beta(2, 3, 3000)
    )
    values[::7] = values[0]
    # the sample shows the bounds and is a little off otherwise
    order = np.argsort(values)
    sample = values[np.concatenate([order[:1], order[-1:], rng.permutation(3000)[:600], np.arange(0, 3000, 35)])]
    observed = lambda cells: np.ones((len(cells), 1), bool)
    likelihood = details.of(family.of_column(0, (), 0))
    fit = lambda cells: Space.fit([likelihood], cells[:, None], observed(cells))
    totals = Totals(fit(sample))
    for piece in np.array_split(values, 7):
        totals.add(piece[:, None], observed(piece))
    found, whole = totals.constants(), fit(values)
    assert (found.low, found.high) == (whole.low, whole.high)
    np.testing.assert_allclose(found.baseline, whole.baseline, rtol=1e-9)
    offsets = [
        np.array_equal(np.ravel(a.offset), np.ravel(b.offset)) for a, b in zip(found.scales, whole.scales, strict=True)
    ]
    standard = likelihood.standardised(values[:, None], found.scales[0])
    if standard is None:
        assert name == "discretised-logistic"
        return
    seen = standard[np.isfinite(standard)]
    np.testing.assert_allclose([seen.mean(), seen.std(ddof=1)], [0, 1], atol=1e-6)
    if all(offsets):
        np.testing.assert_allclose(found.scales[0].center, whole.scales[0].center, rtol=1e-6)
        np.testing.assert_allclose(found.scales[0].scale, whole.scales[0].scale, rtol=1e-6)


def test_the_most_frequent_level_is_that_of_all_rows(mixed):
    space, values, observed = mixed
    totals = Totals(Space.fit(space.layout.likelihoods, values[:50], observed[:50]))
    for start in range(0, len(values), 60):
        totals.add(values[start : start + 60], observed[start : start + 60])
    np.testing.assert_allclose(totals.constants().baseline, space.baseline, rtol=1e-12)
    assert (totals.constants().low == space.low).all()


def test_missing_cells_do_not_count(mixed):
    space, values, observed = mixed
    one, other = Totals(space), Totals(space)
    one.add(values, observed)
    other.add(np.where(observed, values, 1e9), observed)
    assert (one.constants().baseline == other.constants().baseline).all()
    assert (one.high == other.high).all()
