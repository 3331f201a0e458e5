"""A decoder that sees cells: what it depends on, and that p(x) is asked without them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.models import PosteriorProtocol, VAEConfig
from evenvae.models.vae import SightedVAE
from support import mixed_table


@pytest.fixture(scope="module")
def sighted():
    """A model with sight, its space, and a batch of eight rows."""
    space, values, observed = mixed_table()
    config = VAEConfig(3, 8, 1, see_mask=True, sight=True)
    model = config.build(space.layout, space.marginal_bias(values, observed), jax.random.key(0))
    return model, space, space.batch(values[:8], observed[:8])


def decoded(sighted, batch, noise=0.0):
    model, space, _ = sighted
    q, _ = model.encoder(batch, space.device_scales, model.encoder.init(), inference=True)
    draw = q.at(jnp.full((1, len(batch.mask), q.noise_size), noise))
    return np.asarray(model.decode(draw))[0]


def test_the_posterior_is_one_of_z_alone(sighted):
    model, space, batch = sighted
    assert isinstance(model, SightedVAE)
    q, _ = model.encoder(batch.show(), space.device_scales, None, inference=True)
    assert isinstance(q, PosteriorProtocol)
    draw = q.sample(jax.random.key(1), 2)
    np.testing.assert_array_equal(q.latent_of(draw), draw.z)
    blind, _ = model.encoder(batch, space.device_scales, None, inference=True)
    np.testing.assert_array_equal(q.mean, blind.mean)


def test_shown_cells_take_the_place_of_z(sighted):
    _, _, batch = sighted
    blind, other = decoded(sighted, batch), decoded(sighted, batch, noise=2.0)
    assert (np.abs(blind - other).max(-1) > 1e-6).all()
    shown, same = decoded(sighted, batch.show()), decoded(sighted, batch.show(), noise=2.0)
    np.testing.assert_array_equal(shown, same)
    assert (np.abs(shown - blind).max(-1) > 1e-6).all()


def test_a_cell_that_is_not_shown_does_not_count(sighted):
    _, space, batch = sighted
    keep = np.asarray(batch.mask).copy()
    keep[:, 0] = False
    part = decoded(sighted, batch._replace(shown=keep))
    changed = space.cells(np.full((8, space.layout.elements), 1.0), np.ones_like(keep))
    first = next(number for number, block in enumerate(space.layout.blocks) if 0 in block.columns)
    cells = list(batch.cells)
    place = space.layout.blocks[first].columns.index(0)
    cells[first] = np.array(cells[first])
    cells[first][:, place] = changed[first][:, place]
    np.testing.assert_array_equal(part, decoded(sighted, batch._replace(cells=tuple(cells), shown=keep)))


def test_rows_that_show_nothing_are_asked_as_rows_without_sight(sighted):
    model, space, batch = sighted
    nothing = batch._replace(shown=np.zeros_like(np.asarray(batch.mask)))
    np.testing.assert_allclose(decoded(sighted, nothing), decoded(sighted, batch), atol=1e-6)
    q, _ = model.encoder(batch, space.device_scales, None, inference=True)
    again = model.latent_at(q.representation, batch.tasks)
    for own, its in zip(again, q.location, strict=True):
        np.testing.assert_array_equal(own, its)
    np.testing.assert_array_equal(model.decodable(q.mean, batch.tasks).condition, again.condition)
