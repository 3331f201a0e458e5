"""Balanced gradients of any model with a shared trunk, and the worked example of the documentation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import KEY, heads, tree_close, trunk
from evenvae import balancing
from evenvae.balancing import balanced_value_and_grad
from support import load_example


def test_without_balance_it_is_value_and_grad(problem):
    linear, params, batch = problem
    expected = jax.jit(jax.grad(lambda p: heads(p[1], trunk(p[0], batch), batch).sum()))(params)
    for kind in (linear, heads):
        step = balanced_value_and_grad(trunk, kind, balancing.none())
        losses, gradients, _, _ = jax.jit(step)(params, step.init(3), batch)
        tree_close(gradients, expected)
        np.testing.assert_allclose(losses, heads(params[1], trunk(params[0], batch), batch))


def test_trunks_may_hand_something_through(problem):
    linear, params, batch = problem
    step = balanced_value_and_grad(lambda p, b: (trunk(p, b), b["x"].sum()), linear, balancing.none(), has_aux=True)
    assert jax.jit(step)(params, step.init(3), batch).aux == batch["x"].sum()


def test_vmap_over_models(problem):
    linear, params, batch = problem
    step = balanced_value_and_grad(trunk, linear, balancing.norm_match(balancing.parse("imtl-g+pcgrad")))
    many = jax.tree.map(lambda a: jnp.stack([a, 2 * a]), params)
    keys = jax.random.split(KEY, 2)
    state = step.init(3)
    together = jax.jit(jax.vmap(lambda p, k: step(p, state, batch, key=k)))(many, keys)
    alone = jax.jit(step)(jax.tree.map(lambda a: a[1], many), state, batch, key=keys[1])
    tree_close(jax.tree.map(lambda a: a[1], together.gradients), alone.gradients, 1e-8)


@pytest.fixture(scope="module")
def example():
    return load_example("multitask")


@pytest.fixture(scope="module")
def found(example):
    with jax.enable_x64(False):
        return example.run(steps=80)


def test_losses_and_errors_are_finite(example, found):
    for errors, losses in found.values():
        assert errors.shape == (len(example.TASKS),)
        assert np.isfinite(errors).all()
        assert np.isfinite(losses).all()


def test_every_task_is_learned(found):
    for _, losses in found.values():
        assert (losses[-1] < losses[0]).all()


def test_balancing_serves_the_overlooked_task(example, found):
    grower = example.TASKS.index("grower")
    (plain_error, plain_losses), (error, losses) = found["plain"], found["imtl-g"]
    assert losses[-1, grower] < 0.5 * plain_losses[-1, grower]
    assert error[grower] < plain_error[grower]
