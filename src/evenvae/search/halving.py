"""Successive halving: all combinations train for a while, the better half goes on for twice as long, and so on.

A paused run goes on from its state, so that a run that reaches the end equals the run of the full search.
"""

import itertools

import numpy as np

from evenvae.search.balances import PLAIN


def stages(steps: int, chunk: int, combinations: int) -> list[int]:
    """The steps at which runs pause, each a whole number of chunks, and the last step of all."""
    rounds = min(max(int(np.log2(max(combinations, 1))), 0), 3)
    chunks = steps // chunk
    pauses = {max(1, chunks >> back) * chunk for back in range(rounds, 0, -1)}
    return [*sorted(pause for pause in pauses if pause < steps), steps]


def survivors(metrics: dict[tuple[str, int], float], alive: tuple[str, ...]) -> tuple[str, ...]:
    """The better half of the combinations by the median over seeds, in the order that they had.

    The plain combination always stays and counts in neither half, because the others are compared with it.

    Args:
        metrics: the best validation metric of every run ``(combination, seed)`` so far.
        alive: combinations that are still trained.
    """
    median = {
        balance: float(np.median([value for (name, _), value in metrics.items() if name == balance]))
        for balance in alive
    }
    others = sorted((b for b in alive if b != PLAIN), key=lambda balance: (median[balance], alive.index(balance)))
    kept = {*others[: -(-len(others) // 2)], PLAIN}
    return tuple(balance for balance in alive if balance in kept)


def steps_to_come(pauses: list[int], alive: tuple[str, ...]) -> int:
    """Steps that one seed of all combinations takes in the stages after the first of ``pauses``.

    ``alive`` are the combinations that begin the first stage.
    """
    plain, others, total = PLAIN in alive, len(set(alive) - {PLAIN}), 0
    for before, until in itertools.pairwise(pauses):
        others = -(-others // 2)
        total += (others + plain) * (until - before)
    return total
