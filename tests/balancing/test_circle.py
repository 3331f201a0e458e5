"""Visits around a circle, against the same visits one row after the other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.balancing import circle


def one_after_the_other(correlation, lengths, taken):
    """Coefficients [t, p] by the definition; ``taken`` is how much a row takes on for its inner product."""
    size = len(lengths)
    coefficients = np.zeros((size, size))
    for p in range(size):
        coefficients[p, p] = lengths[p]
        for t in [*range(p + 1, size), *range(p)]:
            coefficients[t, p] = taken(correlation[t] @ coefficients[:, p])
    return coefficients


@pytest.mark.parametrize("size", [3, circle.BLOCK, 2 * circle.BLOCK + 5])
def test_every_row_visits_the_others_from_its_own_place_on(size):
    rng = np.random.default_rng(size)
    unit = rng.normal(size=(size, size // 2 + 2))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    lengths = rng.uniform(0.5, 2, size)

    def visit(inner, met, place, count, note):
        return jnp.maximum(-inner, 0), count + met.sum(), jnp.where(met, place, note)

    @jax.jit
    def go(correlation, lengths):
        return circle.go_round(correlation, lengths, visit, jnp.zeros((), int), jnp.full((size, size), -1))

    found, count, notes = go(jnp.asarray(unit @ unit.T), jnp.asarray(lengths))
    expected = one_after_the_other(unit @ unit.T, lengths, lambda inner: max(-inner, 0.0))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    # every row meets every other one once, and the notes are those of the places
    assert count == size * (size - 1)
    own = np.eye(size, dtype=bool)
    np.testing.assert_array_equal(notes, np.where(own, -1, np.arange(size)[:, None]))
