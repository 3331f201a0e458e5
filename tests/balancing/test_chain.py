"""Composition of balancers."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import KEY, close, direction, oracles
from evenvae import balancing

NAMES = {"none": "none", "mgda": "mgda-ub", "imtl_g": "imtl-g", "graddrop": "graddrop", "pcgrad": "pcgrad"}


@dataclasses.dataclass(frozen=True)
class Fixed(balancing.Balancer):
    """Weights that were found elsewhere."""

    values: tuple[float, ...]

    def weights(self, gram, state, **_):
        return jnp.asarray(self.values), state


def test_stored_combinations():
    for case in oracles()["combos"]:
        rows = np.array(case["J"])
        noise = {"pcgrad": jnp.asarray(case["pcgrad_perms"]), "graddrop": jnp.asarray(case["graddrop_U"])}
        assert len(case["out"]) == 12
        for combination, expected in case["out"].items():
            magnitude, last = combination.split("+")
            fixed = Fixed(tuple(case["gradnorm_weights"]))
            first = fixed if magnitude == "gradnorm" else balancing.parse(NAMES[magnitude])
            balancer = balancing.chain(first, balancing.parse(NAMES[last]))
            given = {"noise": noise[last]} if last in noise else {}
            found = direction(balancer, rows, matched=True, **given)
            close(found, expected["vector_norm_matched"], 1e-9, err_msg=combination)
            if len(rows) == 4:
                close(direction(balancer, rows, **given), expected["vector"], 1e-9, err_msg=combination)


def test_only_the_last_part_may_need_rows():
    with pytest.raises(ValueError, match="last"):
        balancing.chain(balancing.graddrop(), balancing.pcgrad())
    with pytest.raises(ValueError, match="at least one"):
        balancing.chain()


def test_a_chain_of_one_is_the_balancer_and_chains_are_joined():
    first, second, third = balancing.equal_norm(), balancing.imtl_g(), balancing.pcgrad()
    assert balancing.chain(first) is first
    joined = balancing.chain(first, second, third)
    assert balancing.chain(balancing.chain(first, second), third) == joined
    assert balancing.chain(first, balancing.chain(second, third)) == joined
    assert joined.name == "equal-norm+imtl-g+pcgrad"


def test_a_chain_is_blind_to_scale_if_its_first_part_is():
    assert balancing.parse("imtl-g+pcgrad").blind_to_scale
    assert balancing.parse("none+equal-norm").blind_to_scale
    assert not balancing.parse("power-norm+imtl-g").blind_to_scale


def test_every_part_is_given_the_losses_after_the_step():
    balancer = balancing.parse("famo+gradnorm")
    assert balancer.needs_losses_after_step
    assert not balancing.parse("gradnorm+pcgrad").needs_losses_after_step
    losses = jnp.array([1.0, 2.0])
    _, state = balancer.weights(jnp.eye(2), balancer.init(2), key=KEY, losses=losses)
    after = balancer.update_after_step(state, losses * jnp.array([0.5, 1]))
    assert after[0].logits[1] > after[0].logits[0]
    np.testing.assert_array_equal(after[1].logits, state[1].logits)
