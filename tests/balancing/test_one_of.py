"""One of several balancers gives what that one gives by itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae import balancing
from evenvae.balancing import OneOf

NAMES = ("none", "gradnorm", "imtl-g+pcgrad", "graddrop", "famo")
FEATURE = np.array([0, 1, 1, 2], np.int32)


def heads():
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.normal(size=(9, 4)), jnp.float32), jnp.asarray(rng.normal(size=(3, 4)), jnp.float32)


def test_every_choice_gives_what_it_gives_alone_by_one_compiled_program():
    choices = tuple(balancing.norm_match(balancing.parse(name)) for name in NAMES)
    cotangent, kernel = heads()
    losses, key = jnp.array([1.0, 2.0, 0.5]), jax.random.key(1)
    traced = []

    @jax.jit
    def mix(balancer, state):
        traced.append(balancer)
        mixed, state = balancer.mix_linear_heads(state, cotangent, kernel, FEATURE, key=key, losses=losses)
        return mixed, balancer.update_after_step(state, losses - 0.1)

    for place, choice in enumerate(choices):
        balancer = OneOf(np.asarray(place, np.int32), choices)
        state = balancer.init(3)
        alone = choice.init(3)
        for _ in range(2):
            mixed, after = mix(balancer, state)
            wanted, alone = choice.mix_linear_heads(alone, cotangent, kernel, FEATURE, key=key, losses=losses)
            alone = choice.update_after_step(alone, losses - 0.1)
            np.testing.assert_allclose(mixed, wanted, rtol=1e-5, atol=1e-6)
            for own, expected in zip(jax.tree.leaves(after[place]), jax.tree.leaves(alone), strict=True):
                np.testing.assert_allclose(own, expected, rtol=1e-5, atol=1e-6)
            others = lambda states, place=place: jax.tree.leaves([*states[:place], *states[place + 1 :]])
            for now, before in zip(others(after), others(state), strict=True):
                np.testing.assert_array_equal(now, before)
            state = after
    assert len(traced) == 1


def test_rows_are_mixed_too_and_weights_are_not_promised():
    choices = (balancing.none(), balancing.graddrop())
    rows = jnp.asarray(np.random.default_rng(0).normal(size=(3, 5)), jnp.float32)
    balancer = OneOf(np.asarray(0, np.int32), choices)
    mixed, _ = balancer.update(rows, balancer.init(3), key=jax.random.key(0))
    np.testing.assert_allclose(mixed, rows.sum(0), rtol=1e-6)
    with pytest.raises(TypeError, match="may stand for a method that needs the rows"):
        balancer.weights(rows @ rows.T, balancer.init(3))


def test_what_the_choices_need_is_needed():
    place = np.asarray(0, np.int32)
    assert OneOf(place, (balancing.none(), balancing.famo())).needs_losses_after_step
    assert not OneOf(place, (balancing.none(),)).needs_losses_after_step
    assert OneOf(place, (balancing.imtl_g(),)).blind_to_scale
    assert not OneOf(place, (balancing.imtl_g(), balancing.none())).blind_to_scale
