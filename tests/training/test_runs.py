"""Runs side by side in one compiled program."""

import jax

from evenvae.training import train
from training_support import same, setup


def test_runs_side_by_side_equal_single_runs(mixed):
    together = train(*setup(mixed, seeds=(0, 1)))
    for place, seed in enumerate((0, 1)):
        alone = train(*setup(mixed, seeds=(seed,)))
        of_both = jax.tree.map(lambda a, p=place: a[p : p + 1], together.runs.params)
        # float32, forty Adam steps: reorderings of sums by vmap grow to a few 1e-5
        same(of_both, alone.runs.params, exact=False)
