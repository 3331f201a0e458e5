"""Norm matching keeps the length of the plain sum."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from balancing_support import KEY, direction, random_rows, shapes, some
from evenvae import balancing

# all methods share the code that matches norms, so one method of each kind is enough
ONE_OF_A_KIND = ["none", "imtl-g", "pcgrad", "graddrop", "mgda-ub+graddrop", "imtl-g+pcgrad"]


@some
@given(shapes)
def test_norm_matching_keeps_the_norm_of_the_sum(shape):
    rows = random_rows(shape)
    for name in ONE_OF_A_KIND:
        v, matched = direction(name, rows), direction(name, rows, matched=True)
        # a direction more than a thousand times shorter than the sum is amplified by a thousand only
        most = 1e3 * np.linalg.norm(v)
        assert np.linalg.norm(matched) == pytest.approx(min(np.linalg.norm(rows.sum(0)), most), rel=1e-6), name


def test_norms_are_matched_for_linear_heads_too():
    rng = np.random.default_rng(0)
    cotangent, kernel = jnp.asarray(rng.normal(size=(6, 4))), jnp.asarray(rng.normal(size=(3, 4)))
    task = np.array([0, 1, 1, 2])
    for balancer in (balancing.imtl_g(), balancing.graddrop(), balancing.plain_sum()):
        matched = balancing.norm_match(balancer)
        mixed, _ = balancing.balance_linear_heads(matched, (), cotangent, kernel, task, key=KEY)
        np.testing.assert_allclose(jnp.linalg.norm(mixed), jnp.linalg.norm(cotangent @ kernel.T), rtol=1e-10)


def test_the_properties_of_the_inner_balancer_are_passed_on():
    for name in ("famo", "imtl-g+pcgrad", "graddrop", "cagrad"):
        inner = balancing.parse(name)
        matched = balancing.norm_match(inner)
        assert matched.name == name
        assert matched.blind_to_scale == inner.blind_to_scale
        assert matched.needs_rows == inner.needs_rows
        assert matched.needs_losses_after_step == inner.needs_losses_after_step
