"""Balancing any model: linear heads, other heads, several shared features."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae import balancing
from evenvae.balancing import LinearHeads, balanced_value_and_grad, gram

TASK = (0, 0, 1, 2, 2, 2, 1)
KEY = jax.random.key(1)


@pytest.mark.parametrize("hidden", [3, 40])
def test_gram_of_linear_heads_equals_explicit_rows(hidden):
    rng = np.random.default_rng(0)
    feature = np.array([*TASK] + [3] * 90 + [4] * 60)
    with jax.enable_x64(True):
        cotangent, kernel = rng.normal(size=(16, feature.size)), rng.normal(size=(hidden, feature.size))
        rows = np.asarray(balancing.rows_of_linear_heads(cotangent, kernel, feature))
        gram = balancing.gram_of_linear_heads(cotangent, kernel, feature)
        np.testing.assert_allclose(gram, rows @ rows.T, rtol=1e-10, atol=1e-9)
        weights = rng.normal(size=5)
        combined = balancing.combine_linear_heads(cotangent, kernel, feature, weights)
        np.testing.assert_allclose(np.ravel(combined), weights @ rows, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("feature", [(*TASK, 3), (0, 1, 2, 3), (0, 0, 1, 2, 2, 3, 3, 1)], ids=str)
@pytest.mark.parametrize("name", ["graddrop", "graddrop[leak=0.1/0.9/0/1]", "imtl-g+graddrop", "mgda-ub+graddrop"])
def test_elementwise_methods_do_without_rows_what_they_do_with_them(name, feature, monkeypatch):
    rng = np.random.default_rng(0)
    task = np.array(feature)
    cotangent, kernel = rng.normal(size=(23, task.size)), rng.normal(size=(4, task.size))
    balancer = balancing.norm_match(balancing.parse(name))
    with jax.enable_x64(True):
        rows = balancing.rows_of_linear_heads(cotangent, kernel, task)
        expected, _ = balancer.update(rows, balancer.init(4), key=KEY)
        for size in (4 * 4 * 5, 10**6):
            monkeypatch.setattr(gram, "SLICE", size)
            found, _ = balancing.balance_linear_heads(
                balancer, balancer.init(4), jnp.asarray(cotangent), jnp.asarray(kernel), task, key=KEY
            )
            np.testing.assert_allclose(np.ravel(found), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("outputs", [1, 2])
def test_elementwise_methods_never_hold_all_rows(outputs):
    tasks, rows, hidden = 64, 8192, 16
    cotangent, kernel = jnp.ones((rows, tasks * outputs)), jnp.ones((hidden, tasks * outputs))
    drop = balancing.graddrop()
    feature = np.repeat(np.arange(tasks), outputs)
    ask = lambda c, w, k: balancing.balance_linear_heads(drop, (), c, w, feature, key=k)[0]
    used = jax.jit(ask).lower(cotangent, kernel, KEY).compile().memory_analysis().temp_size_in_bytes
    assert used < 0.5 * 4 * tasks * rows * hidden


def trunk(params, batch):
    return jnp.tanh(batch["x"] @ params["w"])


def task_losses(outputs, batch):
    return jnp.stack(
        [
            ((outputs[:, :2] - batch["y"][:, :2]) ** 2).mean(),
            jnp.abs(outputs[:, jnp.array([2, 6])] - 100 * batch["y"][:, 2:]).mean(),
            -jax.nn.log_softmax(outputs[:, 3:6])[:, 0].mean(),
        ]
    )


def heads(params, features, batch):
    return task_losses(features @ params.kernel + params.bias, batch)


def one_head(task):
    return lambda params, features, batch: heads(params, features, batch)[task]


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        batch = {"x": jnp.asarray(rng.normal(size=(12, 5))), "y": jnp.asarray(rng.normal(size=(12, 4)))}
        linear = LinearHeads(TASK, task_losses)
        params = {"w": jnp.asarray(rng.normal(size=(5, 6)))}, linear.init(KEY, 6)
        yield linear, params, batch


def tree_close(found, expected, tolerance=1e-10):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance), found, expected)


def test_without_balance_it_is_value_and_grad(problem):
    linear, params, batch = problem
    expected = jax.grad(lambda p: heads(p[1], trunk(p[0], batch), batch).sum())(params)
    for kind in (linear, heads):
        step = balanced_value_and_grad(trunk, kind, balancing.none())
        losses, gradients, _, _ = step(params, step.init(3), batch)
        tree_close(gradients, expected)
        np.testing.assert_allclose(losses, heads(params[1], trunk(params[0], batch), batch))


@pytest.mark.parametrize("name", ["imtl-g+pcgrad", "imtl-g+graddrop", "gradnorm", "famo"])
def test_all_kinds_of_heads_agree(problem, name):
    linear, params, batch = problem
    balancer = balancing.norm_match(balancing.parse(name))
    found = []
    for kind in (linear, heads, [one_head(0), one_head(1), one_head(2)]):
        own = (params[0], [params[1]] * 3) if isinstance(kind, list) else params
        step = balanced_value_and_grad(trunk, kind, balancer)
        found.append(jax.jit(step)(own, step.init(3), batch, key=KEY))
    for other in found[1:]:
        tree_close(found[0].gradients[0], other.gradients[0], 1e-8)
        tree_close(found[0].state, other.state, 1e-8)
    tree_close(found[0].gradients[1], found[1].gradients[1])
    tree_close(found[0].gradients[1], jax.tree.map(lambda *parts: sum(parts), *found[2].gradients[1]))


@pytest.mark.parametrize("kind", ["linear", "rows"])
def test_several_shared_features(problem, kind):
    linear, params, batch = problem
    split = lambda p, b: (trunk(p, b)[:, :2], trunk(p, b)[:, 2:])
    together = lambda p, f, b: heads(p, jnp.concatenate(f, axis=1), b)
    balancer = balancing.norm_match(balancing.imtl_g())
    one = balanced_value_and_grad(trunk, linear, balancer)
    expected = one(params, one.init(3), batch)
    joint = balanced_value_and_grad(split, linear if kind == "linear" else together, balancer)
    tree_close(joint(params, joint.init(3), batch).gradients, expected.gradients, 1e-8)
    # a balancer for each: every feature gets the direction its own rows give
    apart = balanced_value_and_grad(split, joint.heads, (balancer, balancing.none()))
    found = apart(params, apart.init(3), batch)
    rows = jax.jacrev(lambda f: together(params[1], f, batch))(split(params[0], batch))
    first, _ = balancer.update(rows[0].reshape(3, -1), ())
    _, vjp = jax.vjp(lambda p: split(p, batch), params[0])
    (wanted,) = vjp((first.reshape(12, 2), rows[1].sum(0)))
    tree_close(found.gradients[0], wanted, 1e-8)


def test_trunks_may_hand_something_through(problem):
    linear, params, batch = problem
    step = balanced_value_and_grad(lambda p, b: (trunk(p, b), b["x"].sum()), linear, balancing.none(), has_aux=True)
    assert step(params, step.init(3), batch).aux == batch["x"].sum()


def test_vmap_over_models(problem):
    linear, params, batch = problem
    step = balanced_value_and_grad(trunk, linear, balancing.norm_match(balancing.parse("imtl-g+pcgrad")))
    many = jax.tree.map(lambda a: jnp.stack([a, 2 * a]), params)
    keys = jax.random.split(KEY, 2)
    state = step.init(3)
    together = jax.jit(jax.vmap(lambda p, k: step(p, state, batch, key=k)))(many, keys)
    alone = step(jax.tree.map(lambda a: a[1], many), state, batch, key=keys[1])
    tree_close(jax.tree.map(lambda a: a[1], together.gradients), alone.gradients, 1e-8)


def test_wrong_heads_teach(problem):
    _, params, batch = problem
    with pytest.raises(ValueError, match="without gaps"):
        LinearHeads((0, 2), task_losses)
    step = balanced_value_and_grad(trunk, lambda *_: jnp.zeros(()), balancing.none())
    with pytest.raises(ValueError, match="one number a task"):
        step(params, (), batch)
    short = LinearHeads(TASK, lambda outputs, b: task_losses(outputs, b)[:2])
    step = balanced_value_and_grad(trunk, short, balancing.none())
    with pytest.raises(ValueError, match=r"\(3,\)"):
        step(params, (), batch)
