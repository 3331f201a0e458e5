"""A model that is told the rows' tasks: what sees them, and what a missing task stands for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.likelihoods import Normal, NormalPixels
from evenvae.models import ConditionalLatent, ConditionalVAE, PosteriorProtocol, Space, VAEConfig
from evenvae.models.conditioning import condition_of
from support import mixed_table, told_model

LEVELS = (3, 2)


@pytest.fixture(scope="module")
def told():
    """A model of two task columns, its space, and a batch of six rows."""
    return told_model(np.array([[0, 0], [1, 1], [2, 0], [-1, 1], [0, -1], [-1, -1]]), LEVELS)


def test_a_missing_task_is_the_mean_of_the_known_ones():
    codes = jnp.array([[0, 1], [-1, -1]])
    np.testing.assert_allclose(condition_of(codes, LEVELS), [[1, 0, 0, 0, 1], [1 / 3] * 3 + [1 / 2] * 2])


def test_encoder_and_trunk_see_the_task_and_the_prior_does_not(told):
    model, space, batch = told
    assert isinstance(model, ConditionalVAE)
    q, _ = model.encoder(batch, space.device_scales, model.encoder.init(), inference=True)
    assert isinstance(q, PosteriorProtocol)
    other, _ = model.encoder(batch._replace(tasks=batch.tasks[::-1]), space.device_scales, None, inference=True)
    assert (np.abs(q.mean - other.mean).max(-1) > 1e-6).all()
    draw = q.sample(jax.random.key(1), 2)
    assert isinstance(draw, ConditionalLatent)
    assert draw.condition.shape == (2, 6, 5)
    np.testing.assert_array_equal(q.latent_of(draw), draw.z)
    np.testing.assert_array_equal(q.log_prob(draw), q.own.log_prob(draw.z))


def test_latents_are_decoded_under_the_tasks_that_are_given(told):
    model, space, batch = told
    q, _ = model.encoder(batch, space.device_scales, model.encoder.init(), inference=True)
    own = model.latent_at(q.representation, jnp.asarray(batch.tasks))
    for a, b in zip(own, q.location, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(model.decodable(q.representation, jnp.asarray(batch.tasks)).condition, own.condition)
    under = model.latent_at(q.representation, jnp.zeros((6, 2), int))
    assert (np.asarray(under.condition) == [1, 0, 0, 1, 0]).all()
    assert (np.abs(model.decode(under) - model.decode(own))[1:] > 0).any(-1).all()


def test_a_model_without_tasks_ignores_them():
    space, values, observed = mixed_table()
    model = VAEConfig(3, 8, 1).build(space.layout, space.marginal_bias(values, observed), jax.random.key(0))
    z = jnp.ones((4, 3))
    assert model.latent_at(z, jnp.zeros((4, 0), int)) is z
    assert model.decodable(z, jnp.zeros((4, 0), int)) is z


def test_images_beside_other_columns_may_have_tasks_too():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.random((12, 54)), rng.normal(size=(12, 1))], axis=1)
    observed = np.ones((12, 2), bool)
    space = Space.fit([NormalPixels((9, 6, 1)), Normal()], values, observed)
    config = VAEConfig(3, 8, 1, "conv", tasks=(2,))
    model = config.build(space.layout, space.marginal_bias(values, observed), jax.random.key(0))
    batch = space.batch(values, observed, np.arange(12)[:, None] % 2)
    q, _ = model.encoder(batch, space.device_scales, model.encoder.init(), inference=True)
    assert model.decode(q.location).shape == (12, space.layout.width)
