"""The prior of training rows' posteriors: a row is no exemplar of its own."""

import jax
import jax.numpy as jnp

from evenvae.models import DiagonalNormal
from evenvae.priors import Exemplar

KEY = jax.random.key(3)
ROWS = jnp.arange(400)


def test_a_row_is_no_exemplar_of_its_own():
    prior = Exemplar(64).build(2, 8, KEY)
    places = jax.random.normal(KEY, (400, 2))
    posterior_of = lambda rows: DiagonalNormal(places[rows], jnp.full((len(rows), 2), 0.1))
    upcoming = jnp.arange(200)
    updated, _ = prior.update((), posterior_of, ROWS, upcoming, KEY)
    counted = updated.log_weights > -1
    own = (updated.means[:, None] == places[None, :200]).all(-1).any(-1)
    assert own.any()
    assert not (own & counted).any()
    finalised, _ = updated.finalise((), posterior_of, ROWS, KEY)
    assert (finalised.log_weights == 0).all()
