"""What every balancer promises: the tests run over all names."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given

from balancing_support import (
    BLIND_TO_SCALE,
    DEGENERATE,
    DETERMINISTIC,
    KEY,
    NAMES,
    NEVER_IN_CONFLICT,
    NON_NEGATIVE,
    ONE_OF_A_KIND,
    WITH_WEIGHTS,
    close,
    direction,
    made,
    others_slow,
    padded,
    random_rows,
    shapes,
    some,
    spread_rows,
    weights,
)
from evenvae import balancing
from evenvae.balancing.algebra import FEW
from evenvae.balancing.base import halves

DRAWS = ("random", "drop", "pcgrad", "gradvac")
"""Methods whose draws depend on the number of rows."""
PATHS = ["mgda-ub", "imtl-g", "pcgrad", "cagrad", "upgrad", "aligned-mtl"]


@pytest.mark.float32
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


@pytest.mark.float32
@pytest.mark.parametrize("name", [n for n in NAMES if not any(draws in n for draws in DRAWS)])
def test_a_bad_row_is_as_if_absent(name):
    good = padded(np.array([[1.0, 2, 0], [0, -1, 1]], np.float32))
    for bad in (np.nan, 0.0):
        rows = np.insert(good, 1, bad, axis=0)
        np.testing.assert_allclose(direction(name, rows, True), direction(name, good, True), rtol=2e-4, atol=1e-5)


@pytest.mark.float32
@pytest.mark.parametrize("name", [name for name in WITH_WEIGHTS if name != "random-weighting"])
def test_identical_rows_get_equal_weights(name):
    w = weights(name, np.ones((3, 5), np.float32))
    np.testing.assert_allclose(w, w[0], rtol=1e-4)
    assert w[0] > 0


@pytest.mark.float32
@pytest.mark.parametrize("name", others_slow(NAMES, ONE_OF_A_KIND))
def test_jit_vmap_and_scan_without_callbacks(name):
    balancer = balancing.norm_match(made(name))
    rows = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4, 6)), jnp.float32)

    def many(rows, key):
        def step(state, k):
            v, state = balancer.update(rows, state, key=k, losses=jnp.ones(4))
            return balancer.update_after_step(state, jnp.full(4, 0.5)), v

        return jax.lax.scan(step, balancer.init(4), jax.random.split(key, 2))[1]

    keys = jax.random.split(KEY, 3)
    together, single = jax.vmap(many), jax.jit(many)
    alone = jnp.stack([single(r, k) for r, k in zip(rows, keys, strict=True)])
    np.testing.assert_allclose(jax.jit(together)(rows, keys), alone, rtol=5e-4, atol=1e-5)
    assert "callback" not in str(jax.make_jaxpr(together)(rows, keys))
    assert not jax.config.jax_enable_x64


@pytest.mark.float32
@pytest.mark.parametrize("name", ["pcgrad", "graddrop", "gradvac", "random-weighting", "imtl-g+graddrop"])
def test_draws_need_a_key(name):
    rows = np.eye(2, dtype=np.float32)
    with pytest.raises(ValueError, match="needs a key"):
        direction(name, rows, key=None)


@pytest.mark.float32
@pytest.mark.parametrize("name", ["famo", "uncertainty-weighting", "mgda-ub[normalise=loss]"])
def test_methods_that_work_on_losses_say_so(name):
    with pytest.raises(ValueError, match=name.split("[")[0]):
        direction(name, np.eye(2, dtype=np.float32), losses=None)


@some
@given(shapes)
def test_order_of_tasks_does_not_matter(shape):
    rows = random_rows(shape)
    order = np.random.default_rng(1).permutation(len(rows))
    for name in DETERMINISTIC:
        a, b = weights(name, rows), weights(name, rows[order])
        # large weights of nearly dependent rows cancel: compare what they add up to
        size = np.abs(a[:, None] * rows).max()
        np.testing.assert_allclose(a @ rows, b @ rows[order], atol=1e-7 * size, err_msg=name)


@some
@given(shapes)
def test_weights_are_not_negative(shape):
    rows = random_rows(shape)
    for name in NON_NEGATIVE:
        assert (weights(name, rows) >= 0).all(), name


@some
@given(shapes)
def test_directions_that_never_conflict(shape):
    rows = random_rows(shape)
    for name in NEVER_IN_CONFLICT:
        v = direction(name, rows)
        cosines = rows @ v / np.linalg.norm(rows, axis=1) / max(np.linalg.norm(v), 1e-300)
        assert (cosines > -1e-5).all(), name


@some
@given(shapes)
def test_directions_that_are_blind_to_scale(shape):
    rows = random_rows(shape)
    rescaled = rows * np.linspace(0.5, 3, len(rows))[:, None]
    for name in BLIND_TO_SCALE:
        v, w = direction(name, rows), direction(name, rescaled)
        assert v @ w / (np.linalg.norm(v) * np.linalg.norm(w)) == pytest.approx(1, abs=1e-6), name


@pytest.mark.float32
@some
@given(shapes)
def test_gram_path_equals_row_path_in_float32(shape):
    rows = random_rows(shape).astype(np.float32)
    for name in PATHS:
        v, w = direction(name, rows), weights(name, rows)
        # conflicting rows may nearly cancel: compare on the scale of the weighted rows, not of their sum
        size = np.abs(np.asarray(w)[:, None] * rows).max()
        np.testing.assert_allclose(np.asarray(w) @ rows, v, atol=5e-4 * size, err_msg=name)


NOISE = {"graddrop": lambda d, n: np.linspace(0.01, 0.99, n), "random": lambda d, n: np.linspace(-1, 1, d)}
"""Random numbers of a step by the method's name, for rows (d, n); the others take visiting orders."""


def noise_of(name, d, n):
    orders = lambda d, n: np.random.default_rng(0).permuted(np.tile(np.arange(d), (d, 1)), axis=1)
    return next((made(d, n) for part, made in NOISE.items() if part in name), orders(d, n))


@pytest.mark.float32
@pytest.mark.parametrize("name", others_slow(NAMES, balancing.METHODS))
@pytest.mark.parametrize("matched", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_float32_is_enough_for_rows_of_many_lengths(name, matched):
    rows, noise = spread_rows(13, 55).astype(np.float32), noise_of(name, 13, 55)
    single = direction(name, rows, matched, noise=noise.astype(np.float32) if noise.dtype.kind == "f" else noise)
    with jax.enable_x64(True):
        double = direction(name, rows.astype(float), matched, noise=noise)
    close(single, double, 1e-4)


@pytest.mark.parametrize("name", ["equal-norm", "imtl-g", "nash-mtl"])
def test_blind_directions_are_those_of_unit_rows(name):
    rows = spread_rows(13, 55)
    v, w = direction(name, rows), direction(name, rows / np.linalg.norm(rows, axis=1, keepdims=True))
    assert v @ w / (np.linalg.norm(v) * np.linalg.norm(w)) == pytest.approx(1, abs=1e-10)


@pytest.mark.float32
@pytest.mark.parametrize("name", DETERMINISTIC)
def test_a_common_scale_passes_through(name):
    rows = spread_rows(13, 55).astype(np.float32)
    v, w = direction(name, rows), direction(name, rows * np.float32(2.0**-20))
    # the bargaining solution has the same length for all rows
    close(w * (1 if name == "nash-mtl" else 2.0**20), v, 1e-5)


@pytest.mark.float32
@pytest.mark.parametrize("case", ["independent", "more than their dimensions"])
@pytest.mark.parametrize("name", ["pcgrad", "gradvac", "cagrad", "nash-mtl", "upgrad"])
def test_many_tasks_are_answered_as_few_are(name, case, monkeypatch):
    count = FEW + 6
    rng = np.random.default_rng(0)
    dimensions = 3 * count if case == "independent" else 5
    rows = rng.normal(size=(count, dimensions)) + 0.3 * rng.normal(size=dimensions)
    rows = (rows * 10 ** rng.uniform(-1, 1, (count, 1))).astype(np.float32)
    rows[3], rows[7] = 0, np.nan
    balancer = balancing.parse(name)
    gram = jnp.asarray(rows) @ jnp.asarray(rows).T
    # a new function each time, so that each is compiled by itself
    asked = lambda: np.asarray(jax.jit(lambda g: balancer.weights(g, balancer.init(count), key=KEY)[0])(gram), float)
    quick = asked()
    for module in ("pcgrad", "cagrad", "nash_mtl", "upgrad"):
        monkeypatch.setattr(importlib.import_module(f"evenvae.balancing.{module}"), "FEW", count)
    direct, clean = asked(), np.nan_to_num(rows)
    assert not quick[[3, 7]].any()
    # dependent rows may be weighed in many ways; the directions are the same, on the scale of what adds up to them
    size = (np.abs(direct)[:, None] * np.abs(clean)).sum(0).max()
    np.testing.assert_allclose(quick @ clean, direct @ clean, atol=1e-5 * size)


def test_balancers_say_whether_they_are_blind_to_scale():
    blind = {name for name in balancing.METHODS if balancing.parse(name).blind_to_scale}
    assert blind == {"equal-norm", "imtl-g", "nash-mtl", "gradnorm", "famo"}
    assert balancing.power_norm(1.0).blind_to_scale
    assert not balancing.power_norm(0.5).blind_to_scale


def test_balancers_say_what_they_need():
    of_all = {name: balancing.parse(name) for name in balancing.METHODS}
    assert {name for name, balancer in of_all.items() if balancer.needs_losses_after_step} == {"famo"}
    assert {name for name, balancer in of_all.items() if balancer.needs_rows} == {"graddrop"}
    assert {name for name, balancer in of_all.items() if not balancer.mixes_by_weights} == {"graddrop"}


class Smallest(balancing.Balancer):
    """A balancer of one method, with the defaults of the protocol; it halves the first row."""

    def weights(self, gram, state, **_):
        return jnp.ones(len(gram), gram.dtype).at[0].set(0.5), state


class ByRows(Smallest):
    """The same by its rows."""

    needs_rows = True

    def update(self, rows, state, **_):
        return rows[1:].sum(0) + 0.5 * rows[0], state


def test_the_defaults_of_the_protocol():
    balancer, state = Smallest(), Smallest().init(2)
    assert state == ()
    assert balancer.update_after_step(state, jnp.ones(2)) == ()
    assert balancer.sequence == (balancer,)
    assert not balancer.blind_to_scale
    assert not balancer.needs_losses_after_step
    with pytest.raises(TypeError, match="Smallest has no name"):
        balancer.name  # noqa: B018
    np.testing.assert_array_equal(balancer.update(jnp.eye(3), state)[0], [0.5, 1, 1])


def test_linear_heads_are_mixed_by_weights_or_by_rows():
    rng = np.random.default_rng(0)
    task = np.array([0, 1, 1, 2])
    cotangent, kernel = jnp.asarray(rng.normal(size=(6, 4))), jnp.asarray(rng.normal(size=(3, 4)))
    expected = 0.5 * cotangent[:, :1] @ kernel[:, :1].T + cotangent[:, 1:] @ kernel[:, 1:].T
    for balancer in (Smallest(), ByRows()):
        mixed, state = balancer.mix_linear_heads((), cotangent, kernel, task)
        np.testing.assert_allclose(mixed, expected, rtol=1e-12)
        assert state == ()


def test_the_halves_of_a_key():
    assert halves(None) == (None, None)
    first, second = halves(KEY)
    np.testing.assert_array_equal(
        jax.random.key_data(jnp.stack([first, second])), jax.random.key_data(jax.random.split(KEY))
    )
