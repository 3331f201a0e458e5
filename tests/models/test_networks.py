"""Layers: batch normalisation and its state, residual stacks, dropout."""

import jax
import jax.numpy as jnp
import numpy as np

from evenvae.models.networks import BatchNorm, Stack, dropout


def test_batch_normalisation_uses_the_batch_and_then_its_running_statistics():
    norm = BatchNorm.of(3)
    x = 2 * jax.random.normal(jax.random.key(0), (64, 3)) + 5
    out, state = norm(x, norm.init(), inference=False)
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(out.std(0), 1, atol=1e-3)
    np.testing.assert_allclose(state.mean, 0.1 * x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(state.variance, 0.9 + 0.1 * x.var(0, ddof=1), rtol=1e-5)
    after, same = norm(x, state, inference=True)
    np.testing.assert_allclose(after, (x - state.mean) / np.sqrt(state.variance + 1e-5), rtol=1e-4, atol=1e-5)
    assert same is state


def test_a_residual_stack_adds_where_widths_agree():
    stack = Stack(2, 4, 2, jnp.tanh, jax.random.key(0), residual=True)
    x = jax.random.normal(jax.random.key(1), (5, 2))
    first = jnp.tanh(stack.layers[0](x))
    np.testing.assert_allclose(stack(x), first + jnp.tanh(stack.layers[1](first)), rtol=1e-6)


def test_dropout_keeps_the_mean():
    x = jnp.ones((200, 100))
    out = dropout(jax.random.key(0), x, 0.25)
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / 0.75)}
    # five standard deviations of a mean of 20,000
    np.testing.assert_allclose(out.mean(), 1, atol=5 * (1 / 3) ** 0.5 / 20_000**0.5)
