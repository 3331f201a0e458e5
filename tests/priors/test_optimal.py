"""The density ratio of the optimal prior: when it pauses."""

import jax
import jax.numpy as jnp
import numpy as np

from evenvae.models import DiagonalNormal
from evenvae.priors import Optimal

KEY = jax.random.key(3)
ROWS = jnp.arange(400)


def test_a_ratio_that_knows_rows_by_heart_pauses():
    prior = Optimal().build(2, 8, KEY)
    places = jax.random.normal(KEY, (400, 2)) + 5
    posterior_of = lambda rows: DiagonalNormal(places[rows], jnp.full((len(rows), 2), 0.1))
    state = prior.init()
    knowing, state = prior.finalise(state._replace(trained=jnp.zeros(())), posterior_of, ROWS, KEY)
    assert state.paused
    after, _ = knowing.update(state, posterior_of, ROWS, ROWS[:32], KEY)
    np.testing.assert_array_equal(after.hidden.layers[0].kernel, knowing.hidden.layers[0].kernel)
