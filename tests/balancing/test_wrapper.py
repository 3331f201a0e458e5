"""A balancer around another one, as a recorder of Gramians and weights."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import KEY
from evenvae import balancing
from evenvae.balancing import Wrapper

TASK = np.array([0, 1, 1, 2])


class Record(NamedTuple):
    inner: object
    gram: object
    weights: object


@dataclasses.dataclass(frozen=True)
class Recorder(Wrapper):
    """Keeps the last Gramian, and the weights where the inner balancer gives any."""

    def init(self, number_of_tasks):
        zeros = jnp.zeros((number_of_tasks, number_of_tasks))
        return Record(self.inner.init(number_of_tasks), zeros, zeros[0] if self.mixes_by_weights else None)

    def weights(self, gram, state, **given):
        weights, inner = super().weights(gram, state.inner, **given)
        return weights, Record(inner, gram, weights)

    def mix_linear_heads(self, state, cotangent, kernel, feature, **given):
        if self.mixes_by_weights:
            return super().mix_linear_heads(state, cotangent, kernel, feature, **given)
        mixed, inner = super().mix_linear_heads(state.inner, cotangent, kernel, feature, **given)
        return mixed, Record(inner, balancing.gram_of_linear_heads(cotangent, kernel, feature), None)


@pytest.mark.parametrize("name", ["imtl-g+pcgrad", "gradnorm", "imtl-g+graddrop", "plain sum"])
def test_a_recorder_changes_nothing_and_keeps_what_it_saw(name):
    rng = np.random.default_rng(0)
    cotangent, kernel = jnp.asarray(rng.normal(size=(6, 4))), jnp.asarray(rng.normal(size=(3, 4)))
    balancer = balancing.plain_sum() if name == "plain sum" else balancing.norm_match(balancing.parse(name))
    recorder = Recorder(balancer)
    ask = lambda one: jax.jit(
        lambda c, k: balancing.balance_linear_heads(one, one.init(3), c, k, TASK, key=KEY, losses=jnp.ones(3))
    )(cotangent, kernel)
    (expected, state), (found, record) = ask(balancer), ask(recorder)
    np.testing.assert_array_equal(found, expected)
    jax.tree.map(np.testing.assert_array_equal, record.inner, state)
    gram = balancing.gram_of_linear_heads(cotangent, kernel, TASK)
    np.testing.assert_allclose(record.gram, gram, rtol=1e-12)
    if recorder.mixes_by_weights:
        combined = balancing.combine_linear_heads(cotangent, kernel, TASK, record.weights)
        np.testing.assert_allclose(combined, expected, rtol=1e-10, atol=1e-12)
    else:
        assert record.weights is None


def test_everything_is_passed_on():
    inner = balancing.parse("famo+graddrop")
    wrapper = Wrapper(inner)
    for flag in ("name", "needs_rows", "mixes_by_weights", "needs_losses_after_step", "blind_to_scale"):
        assert getattr(wrapper, flag) == getattr(inner, flag), flag
    rows, losses = jnp.eye(3), jnp.array([1.0, 2.0, 3.0])
    found = wrapper.update(rows, wrapper.init(3), key=KEY, losses=losses)
    expected = inner.update(rows, inner.init(3), key=KEY, losses=losses)
    jax.tree.map(np.testing.assert_array_equal, found, expected)
    after = wrapper.update_after_step(found[1], losses / 2), inner.update_after_step(found[1], losses / 2)
    jax.tree.map(np.testing.assert_array_equal, *after)
