"""Cells hidden from the encoder and shown to the decoder: how many, in which rows, what they count for; and pixels."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from evenvae.likelihoods import BernoulliPixels, Normal
from evenvae.models import Layout
from evenvae.models.batch import Batch, no_tasks
from evenvae.training.hiding import binarised, cell_weights, hide, seen_of

KEY = jax.random.key(0)
ROWS, COLUMNS = 4000, 10
MASK = np.random.default_rng(0).random((ROWS, COLUMNS)) < 0.9
BATCH = Batch((np.zeros((ROWS, COLUMNS), np.float32),), MASK, no_tasks(ROWS))


def test_every_row_hides_its_own_share_of_observed_cells():
    seen = np.asarray(hide(KEY, MASK, 0.6)[0])
    assert not (seen & ~MASK).any()
    share = 1 - seen.sum(1) / MASK.sum(1)
    # the mean of U(0, 0.6), within four standard errors of 4000 rows whose shares vary by less than 0.3
    assert abs(share.mean() - 0.3) < 4 * 0.3 / ROWS**0.5
    assert share.std() > 0.15


def test_shown_rows_hide_by_their_own_measure_and_show_what_is_left():
    seen = seen_of(KEY, BATCH, 0.0, 0.75, 1.0)
    shown, mask = np.asarray(seen.shown), np.asarray(seen.mask)
    rows = shown.any(1)
    # a row that hides every cell shows none, too: about one in ten of those that are shown
    assert 0.6 < rows.mean() < 0.75
    np.testing.assert_array_equal(shown[rows], mask[rows])
    blind = ~rows & (mask == MASK).all(1)
    assert blind.sum() > 0.2 * ROWS


def test_both_kinds_of_rows_hide_evenly_spread_shares():
    mask, shown = (np.asarray(part) for part in hide(KEY, np.ones((ROWS, 200), bool), 0.4, 0.7, 0.8))
    share, rows = 1 - mask.mean(1), shown[:, 0]
    assert abs(rows.mean() - 0.7) < 4 * (0.7 * 0.3 / ROWS) ** 0.5
    for own, most in ((share[rows], 0.8), (share[~rows], 0.4)):
        # quantiles of a uniform distribution, within four standard errors and those of 200 cells
        np.testing.assert_allclose(np.quantile(own, [0.25, 0.5, 0.75]), most * np.array([0.25, 0.5, 0.75]), atol=0.05)


def test_shown_cells_count_less():
    seen = seen_of(KEY, BATCH, 0.0, 1.0, 0.5)
    np.testing.assert_allclose(cell_weights(seen, MASK, 0.1), np.where(np.asarray(seen.shown), 0.1, 1.0), rtol=1e-6)
    assert cell_weights(BATCH, MASK, 0.1) == 1.0


def test_with_even_turns_few_hidden_cells_of_a_row_count_as_much_as_many():
    seen = seen_of(KEY, BATCH, 0.0, 0.8, 1.0)
    weights = np.asarray(cell_weights(seen, MASK, 0.1, even_turns=True))
    hidden = MASK & ~np.asarray(seen.shown)
    some = hidden.any(axis=1)
    np.testing.assert_allclose((weights * hidden).sum(1)[some], MASK.sum(1)[some], rtol=1e-5)
    # a row that is shown nothing counts as it does without
    nothing = ~np.asarray(seen.shown).any(axis=1) & MASK.any(axis=1)
    np.testing.assert_allclose(weights[nothing], 1.0, rtol=1e-6)
    np.testing.assert_allclose(weights[np.asarray(seen.shown)], 0.1, rtol=1e-6)
    assert np.isfinite(weights).all()


def test_even_turns_weigh_the_nats_of_every_turn_alike():
    """By enumeration: the weighed hidden cells, averaged over what may be hidden, are the nats over all orders."""
    columns = 4
    nats = {
        (cell, frozenset(seen)): 1.0 + cell + 0.3 * len(seen) ** 2 + 0.7 * sum(seen)
        for cell in range(columns)
        for count in range(columns)
        for seen in itertools.combinations(set(range(columns)) - {cell}, count)
    }
    orders = list(itertools.permutations(range(columns)))
    by_orders = np.mean(
        [sum(nats[cell, frozenset(order[:turn])] for turn, cell in enumerate(order)) for order in orders]
    )
    mask, weighed = np.ones((1, columns), bool), []
    for count in range(columns):
        of_count = []
        for seen in itertools.combinations(range(columns), count):
            shown = np.isin(np.arange(columns), seen)[None]
            batch = Batch((np.zeros((1, columns), np.float32),), shown, no_tasks(1), shown=shown)
            weights = np.asarray(cell_weights(batch, mask, 0.0, even_turns=True))[0]
            of_count.append(sum(weights[d] * nats[d, frozenset(seen)] for d in range(columns) if d not in seen))
        weighed.append(np.mean(of_count))
    np.testing.assert_allclose(np.mean(weighed), by_orders, rtol=1e-6)


def test_without_hidden_cells_the_batch_stays_as_it_is():
    assert seen_of(KEY, BATCH, 0.0, 0.0, 0.0) is BATCH
    assert seen_of(KEY, BATCH, 0.3, 0.0, 0.0).shown is None
    assert jnp.asarray(seen_of(KEY, BATCH, 0.3, 0.0, 0.0).mask).sum() < MASK.sum()


def test_grey_pixels_are_drawn_anew_and_nothing_else():
    layout = Layout.of([BernoulliPixels((1, 3, 1)), Normal()])
    grey = np.tile(np.array([0.0, 0.25, 1.0], np.float32).reshape(1, 1, 1, 3, 1), (ROWS, 1, 1, 1, 1))
    number = np.full((ROWS, 1), 0.5, np.float32)
    batch = Batch((grey, number), np.ones((ROWS, 2), bool), no_tasks(ROWS))
    drawn = [binarised(jax.random.key(seed), batch, layout) for seed in (0, 1)]
    pixels = [np.asarray(found.cells[0]).reshape(ROWS, 3) for found in drawn]
    assert set(np.unique(pixels[0])) == {0, 1}
    # within four standard errors of a share of 4000
    np.testing.assert_allclose(pixels[0].mean(0), [0, 0.25, 1], atol=4 * (0.25 * 0.75 / ROWS) ** 0.5)
    assert (pixels[0] != pixels[1]).any()
    np.testing.assert_array_equal(drawn[0].cells[1], number)
