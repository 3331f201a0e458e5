"""Successive halving: all combinations train for a while, the better half goes on for twice as long, and so on.

Paused runs go on from their state, so a run that reaches the end is the run of the full sweep.
"""

import itertools

import numpy as np

from evenvae.cocktail.balances import PLAIN


def stages(steps: int, chunk: int, combinations: int) -> list[int]:
    """Steps at which runs pause, whole chunks each, and the last step of all."""
    rounds = min(max(int(np.log2(max(combinations, 1))), 0), 3)
    chunks = steps // chunk
    pauses = {max(1, chunks >> back) * chunk for back in range(rounds, 0, -1)}
    return [*sorted(pause for pause in pauses if pause < steps), steps]


def survivors(figures: dict[tuple[str, int], float], alive: tuple[str, ...]) -> tuple[str, ...]:
    """The better half of the combinations by the median figure over seeds, in the order they were in.

    The plain one stays in any case and counts in neither half: the others are compared with it.
    """
    median = {
        balance: float(np.median([figure for (name, _), figure in figures.items() if name == balance]))
        for balance in alive
    }
    others = sorted((b for b in alive if b != PLAIN), key=lambda balance: (median[balance], alive.index(balance)))
    kept = {*others[: -(-len(others) // 2)], PLAIN}
    return tuple(balance for balance in alive if balance in kept)


def steps_to_come(pauses: list[int], alive: tuple[str, ...]) -> int:
    """Steps of one seed that the stages after the first of ``pauses`` take, if ``alive`` combinations begin it."""
    plain, others, total = PLAIN in alive, len(set(alive) - {PLAIN}), 0
    for before, until in itertools.pairwise(pauses):
        others = -(-others // 2)
        total += (others + plain) * (until - before)
    return total
