"""Rows that no theory covers give finite, documented in single precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import (
    DEGENERATE,
    KEY,
    NAMES,
    ONE_OF_A_KIND,
    WITH_WEIGHTS,
    direction,
    made,
    others_slow,
    padded,
    weights,
)
from evenvae import balancing

DRAWS = ("random", "drop", "pcgrad", "gradvac")
"""Methods whose draws depend on the number of rows."""


@pytest.mark.parametrize("name", others_slow(NAMES, [*balancing.METHODS, "imtl-g+pcgrad", "mgda-ub+graddrop"]))
def test_directions_are_finite(name):
    for case, rows in DEGENERATE.items():
        rows = rows.astype(np.float32)
        matched = direction(name, rows, matched=True)
        assert np.isfinite(matched).all(), case
        assert matched.dtype == np.float32
        if case == "one task":
            np.testing.assert_allclose(matched, [3, -4, 0, 0, 0], rtol=1e-5)
        if name in WITH_WEIGHTS:
            w = weights(name, rows)
            unusable = ~np.isfinite(rows).all(1) | ~rows.any(1)
            assert np.isfinite(w).all(), case
            assert not w[unusable].any(), case


@pytest.mark.parametrize("name", [n for n in NAMES if not any(draws in n for draws in DRAWS)])
def test_a_bad_row_is_as_if_absent(name):
    good = padded(np.array([[1.0, 2, 0], [0, -1, 1]], np.float32))
    for bad in (np.nan, 0.0):
        rows = np.insert(good, 1, bad, axis=0)
        np.testing.assert_allclose(direction(name, rows, True), direction(name, good, True), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in WITH_WEIGHTS if name != "random-weighting"])
def test_identical_rows_get_equal_weights(name):
    w = weights(name, np.ones((3, 5), np.float32))
    np.testing.assert_allclose(w, w[0], rtol=1e-4)
    assert w[0] > 0


def test_cagrad_at_a_pareto_point_is_the_mean():
    rows = np.array([[1.0, 0], [-1.0, 0], [0, 1e-12]], np.float32)
    np.testing.assert_allclose(direction("cagrad", rows), rows.mean(0), atol=1e-6)


@pytest.mark.parametrize("name", others_slow(NAMES, ONE_OF_A_KIND))
def test_jit_vmap_and_scan_without_callbacks(name):
    balancer = balancing.norm_match(made(name))
    rows = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4, 6)), jnp.float32)

    def many(rows, key):
        def step(state, k):
            v, state = balancer.update(rows, state, key=k, losses=jnp.ones(4))
            return balancer.observe(state, jnp.full(4, 0.5)), v

        return jax.lax.scan(step, balancer.init(4), jax.random.split(key, 2))[1]

    keys = jax.random.split(KEY, 3)
    together, single = jax.vmap(many), jax.jit(many)
    alone = jnp.stack([single(r, k) for r, k in zip(rows, keys, strict=True)])
    np.testing.assert_allclose(jax.jit(together)(rows, keys), alone, rtol=5e-4, atol=1e-5)
    assert "callback" not in str(jax.make_jaxpr(together)(rows, keys))
    assert not jax.config.jax_enable_x64


@pytest.mark.parametrize("name", ["pcgrad", "graddrop", "gradvac", "random-weighting", "imtl-g+graddrop"])
def test_draws_need_a_key(name):
    rows = np.eye(2, dtype=np.float32)
    with pytest.raises(ValueError, match="needs a key"):
        direction(name, rows, key=None)


@pytest.mark.parametrize("name", ["famo", "uncertainty-weighting", "mgda-ub[normalise=loss]"])
def test_methods_that_work_on_losses_say_so(name):
    with pytest.raises(ValueError, match=name.split("[")[0]):
        direction(name, np.eye(2, dtype=np.float32), losses=None)


def test_elementwise_methods_have_no_weights():
    balancer = balancing.parse("imtl-g+graddrop")
    with pytest.raises(TypeError, match="call update"):
        balancer.weights(jnp.eye(2), balancer.init(2), key=KEY)
    with pytest.raises(ValueError, match="last"):
        balancing.chain(balancing.graddrop(), balancing.pcgrad())


def test_names_round_trip():
    examples = ["power-norm[gamma=0.25]+pcgrad", "graddrop[leak=0.5]", "graddrop[leak=0.1/0.9]", "gradnorm[alpha=1]"]
    more = ["mgda-ub[normalise=loss+]+pcgrad", "aligned-mtl[scale=rmse]", "cagrad[c=0.5]", "famo[lower_bound=0]"]
    for name in [*NAMES, *examples, *more]:
        parsed = balancing.parse(name)
        assert balancing.parse(parsed.name) == parsed
        assert hash(parsed) == hash(balancing.parse(name))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("imtlg", "imtl-g"),
        ("power-norm[gama=1]", "gamma"),
        ("power-norm[gamma=9]", "gamma"),
        ("aligned-mtl[scale=big]", "median"),
        ("mgda-ub[solver=x]", "frank-wolfe"),
        ("cagrad[c=2]", "between 0 and 1"),
        ("graddrop[leak=2]", "leak"),
        ("gradvac[beta=2]", "beta"),
        ("gradnorm[progress=x]", "loss"),
        ("", "known"),
        ("pcgrad+", "known"),
        ("graddrop+pcgrad", "last"),
    ],
)
def test_wrong_names_teach(name, words):
    with pytest.raises(ValueError, match=words):
        balancing.parse(name)
