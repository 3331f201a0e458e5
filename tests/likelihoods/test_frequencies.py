"""How often levels occur, and shifts of parameters after which draws have the frequencies that are wanted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.likelihoods import Bernoulli, Categorical, Histogram, Normal, Ordinal
from evenvae.likelihoods.detailed import Detailed
from evenvae.likelihoods.frequencies import FEW, level_counts, log_ratio
from support import block


def test_counts_are_those_of_codes_and_of_places_behind_them():
    x = np.array([[0.0, 2.9], [0.5, 2.0], [1.99, 0.2]])
    np.testing.assert_array_equal(level_counts(x, 4), [[2, 1, 0, 0], [1, 0, 2, 0]])


def test_the_ratio_compares_shares_and_chance_moves_no_rare_level():
    wanted, drawn = np.repeat([[0], [1]], [900, 100], 0), np.repeat([[0], [1]], [3600, 400], 0)
    np.testing.assert_allclose(log_ratio(wanted, drawn, 2), 0, atol=1e-12)
    drawn = np.repeat([[0], [1]], [3000, 1000], 0)
    np.testing.assert_allclose(log_ratio(wanted, drawn, 2)[0], np.log([910 / 760, 110 / 260]))
    # a level that is wanted once and never drawn hardly moves, where log(1 / 0) is infinite
    assert log_ratio(np.append(wanted, [[2]], 0), drawn, 3)[0, 2] == pytest.approx(np.log(1 + 1 / FEW))


SHARES = np.array([0.5, 0.3, 0.15, 0.05])
SKEWED = np.array([0.2, 0.3, 0.2, 0.3])


@pytest.mark.parametrize(
    ("family", "wanted", "drawn"),
    [
        (Categorical(levels=4), SHARES, SKEWED),
        (Bernoulli(), SHARES[:2] / SHARES[:2].sum(), SKEWED[:2] / SKEWED[:2].sum()),
        (Histogram(), SHARES, SKEWED),
        # of levels with an order the location moves: what is wanted is drawn with its thresholds moved
        (Ordinal(levels=4), SHARES, np.diff(1 / (1 + 1 / np.array([1e-9, 0.4, 1.6, 7.6, 1e9])))),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_draws_at_shifted_parameters_have_the_wanted_frequencies(family, wanted, drawn):
    rows = 20_000
    x, off = (np.repeat(np.arange(len(part)), np.round(part * rows).astype(int))[:, None] for part in (wanted, drawn))
    raw = family.marginal(off) + family.marginal_shift(x, off).ravel()
    host, scale = block(family, np.arange(len(wanted)).repeat(5).astype(float))
    parameters = jnp.broadcast_to(jnp.asarray(raw, jnp.float32), (rows, 1, len(raw)))
    codes = np.asarray(family.sample(jax.random.key(0), parameters, scale))
    if not family.discrete:
        codes = codes * host.scale + host.center
    shares = level_counts(np.round(codes), len(wanted))[0] / rows
    # FEW rows of each level and chance; half a count a level in the marginal is less
    np.testing.assert_allclose(shares, wanted, atol=4 * (0.25 / rows) ** 0.5 + len(wanted) * FEW / rows)


def test_other_parameters_stay():
    x, off = np.zeros((50, 2)), np.ones((50, 2))
    assert not Normal().marginal_shift(x, off).any()
    with_prediction = Detailed(base=Histogram(), point=True)
    shift = with_prediction.marginal_shift(x, off)
    assert shift.shape == (2, with_prediction.width)
    np.testing.assert_array_equal(shift[:, :-1], Histogram().marginal_shift(x, off))
    assert not shift[:, -1].any()
    assert not Ordinal(levels=3).marginal_shift(x, off)[:, :-1].any()
