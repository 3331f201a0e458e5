"""Linear heads, one function for all heads, and a function for each."""

import jax
import jax.numpy as jnp
import pytest

from balancing_support import KEY, TASK, heads, one_head, task_losses, tree_close, trunk
from evenvae import balancing
from evenvae.balancing import LinearHeads, balanced_value_and_grad
from evenvae.balancing.heads import JointHeads, SeparateHeads, as_heads


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
    uneven = lambda p, b: (trunk(p, b), trunk(p, b)[0])
    step = balanced_value_and_grad(uneven, LinearHeads(TASK, task_losses), balancing.none())
    with pytest.raises(ValueError, match="last dimension"):
        step(params, (), batch)


def test_heads_are_recognised_by_what_was_given():
    linear = LinearHeads(TASK, task_losses)
    assert as_heads(linear) is linear
    assert as_heads(heads) == JointHeads(heads)
    functions = [one_head(0), one_head(1)]
    assert as_heads(functions) == SeparateHeads(tuple(functions))
