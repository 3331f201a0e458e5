"""Balancers against stored vectors, hand-computed values and the properties their papers claim."""

import json
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenvae import balancing

J = np.array([[-4.0, 1, 1], [6.0, 1, 1]])
KEY = jax.random.key(0)
NAMES = ["none", "equal-norm", "power-norm", "imtl-g", "pcgrad", "imtl-g+pcgrad", "equal-norm+pcgrad"]
SYMMETRIC = ["none", "equal-norm", "power-norm", "imtl-g"]


def oracles():
    root = Path(os.environ.get("EVENVAE_ORACLES", Path(__file__).parents[3] / "shared" / "oracles"))
    path = root / "aggregators.json"
    if not path.is_file():
        pytest.skip(f"no oracle vectors: {path.name} is not in EVENVAE_ORACLES")
    return json.loads(path.read_text())


def direction(name, rows, matched=False, **kwargs):
    balancer = balancing.parse(name)
    balancer = balancing.norm_match(balancer) if matched else balancer
    kwargs = {"key": KEY, **kwargs} if "noise" not in kwargs else kwargs
    v, _ = balancer.update(jnp.asarray(rows), balancer.init(len(rows)), **kwargs)
    return np.asarray(v)


@pytest.fixture
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.mark.usefixtures("_float64")
def test_known_values():
    np.testing.assert_allclose(direction("imtl-g", J), [0.0767, 1, 1], atol=5e-5)
    np.testing.assert_allclose(direction("pcgrad", J), [0.5848, 3.8012, 3.8012], atol=5e-5)
    np.testing.assert_allclose(direction("none", J), J.sum(0))


@pytest.mark.usefixtures("_float64")
def test_stored_vectors():
    stored = oracles()
    assert len(stored["cases"]) == 12
    for case in stored["cases"]:
        rows = np.array(case["J"])
        expected = np.array(case["imtl_g"]["vector"])
        scale = np.abs(expected).max()
        np.testing.assert_allclose(direction("imtl-g", rows), expected, atol=1e-9 * scale, err_msg=case["name"])
        noise = jnp.asarray(case["pcgrad"]["perms"])
        expected = np.array(case["pcgrad"]["vector"])
        np.testing.assert_allclose(
            direction("pcgrad", rows, noise=noise), expected, atol=1e-12 * np.abs(expected).max(), err_msg=case["name"]
        )


@pytest.mark.usefixtures("_float64")
def test_stored_vectors_of_dependent_rows_and_of_the_sign_guard():
    stored = oracles()
    for case in stored["rank_deficient"]:
        expected = np.array(case["imtl_g_pinv"]["vector"])
        np.testing.assert_allclose(
            direction("imtl-g", np.array(case["J"])), expected, atol=1e-9 * np.abs(expected).max()
        )
    for case in stored["imtl_g_negative"]:
        rows = jnp.asarray(case["J"])
        weights, _ = balancing.imtl_g().weights(rows @ rows.T, ())
        np.testing.assert_allclose(weights, case["weights_guarded"], rtol=1e-8)
        assert (np.asarray(rows @ (weights @ rows)) > 0).all()


@pytest.mark.usefixtures("_float64")
def test_stored_combinations():
    for case in oracles()["combos"]:
        rows = np.array(case["J"])
        noise = jnp.asarray(case["pcgrad_perms"])
        for name, ours in (("imtl_g+pcgrad", "imtl-g+pcgrad"), ("imtl_g+none", "imtl-g"), ("none+pcgrad", "pcgrad")):
            found = case["out"][name]
            for key, matched in (("vector", False), ("vector_norm_matched", True)):
                expected = np.array(found[key])
                given_noise = {} if ours == "imtl-g" else {"noise": noise}
                np.testing.assert_allclose(
                    direction(ours, rows, matched, **given_noise), expected, atol=1e-9 * np.abs(expected).max()
                )


matrices = st.integers(1, 6).flatmap(
    lambda d: st.tuples(st.just(d), st.integers(d, 12), st.integers(0, 2**31), st.floats(0, 3))
)


def random_rows(shape):
    d, n, seed, decades = shape
    rng = np.random.default_rng(seed)
    return rng.normal(size=(d, n)) * 10 ** rng.uniform(-decades / 2, decades / 2, (d, 1))


@settings(max_examples=25, deadline=None)
@given(matrices)
def test_norm_matching_keeps_the_norm_of_the_sum(shape):
    with jax.enable_x64(True):
        rows = random_rows(shape)
        for name in NAMES:
            found = np.linalg.norm(direction(name, rows, matched=True))
            # a direction more than a thousand times shorter than the sum is amplified by a thousand only
            most = 1e3 * np.linalg.norm(direction(name, rows))
            assert found == pytest.approx(min(np.linalg.norm(rows.sum(0)), most), rel=1e-6)


@settings(max_examples=25, deadline=None)
@given(matrices)
def test_order_of_tasks_does_not_matter(shape):
    with jax.enable_x64(True):
        rows = random_rows(shape)
        order = np.random.default_rng(1).permutation(len(rows))
        for name in SYMMETRIC:
            a, b = direction(name, rows), direction(name, rows[order])
            np.testing.assert_allclose(a, b, atol=1e-7 * np.abs(a).max())


@settings(max_examples=25, deadline=None)
@given(matrices)
def test_imtl_g_projects_equally_and_is_blind_to_scale(shape):
    with jax.enable_x64(True):
        rows = random_rows(shape)
        v = direction("imtl-g", rows)
        units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        projections = units @ v
        assert np.ptp(projections) <= 1e-6 * np.linalg.norm(v)
        rescaled = rows * np.linspace(0.5, 3, len(rows))[:, None]
        w = direction("imtl-g", rescaled)
        cosine = v @ w / (np.linalg.norm(v) * np.linalg.norm(w))
        assert cosine == pytest.approx(1, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(matrices)
def test_gram_path_equals_row_path_in_float32(shape):
    rows = random_rows(shape).astype(np.float32)
    for name in NAMES:
        balancer = balancing.norm_match(balancing.parse(name))
        state = balancer.init(len(rows))
        weights, _ = balancer.weights(jnp.asarray(rows @ rows.T), state, key=KEY)
        v, _ = balancer.update(jnp.asarray(rows), state, key=KEY)
        # conflicting rows may nearly cancel: compare on the scale of the weighted rows, not of their sum
        size = np.abs(np.asarray(weights)[:, None] * rows).max()
        np.testing.assert_allclose(np.asarray(weights) @ rows, v, atol=2e-4 * size)


def test_pcgrad_without_conflict_is_the_sum():
    rows = np.abs(np.random.default_rng(0).normal(size=(4, 6))).astype(np.float32)
    np.testing.assert_allclose(direction("pcgrad", rows), rows.sum(0), rtol=1e-5)


def test_pcgrad_of_two_conflicting_rows_is_orthogonal_to_each_original():
    rows = np.array([[1.0, 0.2], [-1.0, 0.5]], np.float32)
    total = direction("pcgrad", rows)
    first = rows[0] - rows[0] @ rows[1] / (rows[1] @ rows[1]) * rows[1]
    second = rows[1] - rows[0] @ rows[1] / (rows[0] @ rows[0]) * rows[0]
    assert abs(first @ rows[1]) < 1e-6
    np.testing.assert_allclose(total, first + second, rtol=1e-4, atol=1e-6)


def test_power_norm_between_its_ends():
    rows = random_rows((4, 6, 3, 3)).astype(np.float32)
    np.testing.assert_allclose(direction("power-norm[gamma=0]", rows), rows.sum(0), rtol=1e-5)
    equal = balancing.equal_norm()
    weights, _ = equal.weights(jnp.asarray(rows @ rows.T), ())
    lengths = np.asarray(weights) * np.linalg.norm(rows, axis=1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-5)
    assert float(weights.sum()) == pytest.approx(4, rel=1e-5)


DEGENERATE = {
    "one zero row": np.array([[1.0, 2, 0], [0, 0, 0], [0, -1, 1]]),
    "all zero": np.zeros((3, 4)),
    "identical": np.ones((4, 5)),
    "rank one": np.outer([1.0, -2, 3], [1.0, 2, 3]),
    "twelve decades": np.diag([1e-6, 1.0, 1e6]),
    "one task": np.array([[3.0, -4.0]]),
    "a nan": np.array([[1.0, np.nan], [2.0, 1.0]]),
    "an inf": np.array([[1.0, 1.0], [np.inf, 1.0], [1.0, -3.0]]),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_rows_give_finite_directions(name, case):
    rows = DEGENERATE[case].astype(np.float32)
    for matched in (False, True):
        v = direction(name, rows, matched)
        assert np.isfinite(v).all()
    gram = jnp.asarray(rows) @ jnp.asarray(rows).T
    weights, _ = balancing.parse(name).weights(gram, balancing.parse(name).init(len(rows)), key=KEY)
    assert np.isfinite(weights).all()
    unusable = ~np.isfinite(rows).all(1) | ~rows.any(1)
    assert not np.asarray(weights)[unusable].any()


@pytest.mark.parametrize("name", NAMES)
def test_one_task_is_the_plain_gradient(name):
    np.testing.assert_allclose(direction(name, DEGENERATE["one task"].astype(np.float32)), [3, -4], rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_identical_rows_get_equal_weights(name):
    rows = jnp.ones((4, 5), jnp.float32)
    weights, _ = balancing.parse(name).weights(rows @ rows.T, balancing.parse(name).init(4), key=KEY)
    np.testing.assert_allclose(weights, weights[0], rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_jit_vmap_and_scan(name):
    balancer = balancing.norm_match(balancing.parse(name))
    rows = jnp.asarray(np.random.default_rng(0).normal(size=(3, 4, 6)), jnp.float32)

    def many(rows, key):
        def step(state, k):
            w, state = balancer.weights(rows @ rows.T, state, key=k)
            return state, w

        return jax.lax.scan(step, balancer.init(4), jax.random.split(key, 2))[1]

    keys = jax.random.split(KEY, 3)
    together = jax.jit(jax.vmap(many))(rows, keys)
    alone = jnp.stack([many(r, k) for r, k in zip(rows, keys, strict=True)])
    np.testing.assert_allclose(together, alone, rtol=2e-4, atol=1e-5)
    assert together.dtype == jnp.float32


@pytest.mark.parametrize("hidden", [3, 40])
def test_gram_of_linear_heads_equals_explicit_rows(hidden):
    rng = np.random.default_rng(0)
    feature = np.array([0, 0, 1, 2, 2, 2, 1] + [3] * 90 + [4] * 60)
    with jax.enable_x64(True):
        cotangent, kernel = rng.normal(size=(16, feature.size)), rng.normal(size=(hidden, feature.size))
        rows = np.asarray(balancing.rows_of_linear_heads(cotangent, kernel, feature))
        gram = balancing.gram_of_linear_heads(cotangent, kernel, feature)
        np.testing.assert_allclose(gram, rows @ rows.T, rtol=1e-10, atol=1e-9)
        weights = rng.normal(size=5)
        combined = balancing.combine_linear_heads(cotangent, kernel, feature, weights)
        np.testing.assert_allclose(np.ravel(combined), weights @ rows, rtol=1e-10, atol=1e-10)


def test_names_round_trip():
    for name in [*NAMES, "power-norm[gamma=0.25]", "power-norm[gamma=0.25]+pcgrad"]:
        parsed = balancing.parse(name)
        assert balancing.parse(parsed.name) == parsed
        assert hash(parsed) == hash(balancing.parse(name))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("imtlg", "imtl-g"),
        ("power-norm[gama=1]", "gamma"),
        ("power-norm[gamma=9]", "gamma"),
        ("", "known"),
        ("pcgrad+", "known"),
    ],
)
def test_wrong_names_teach(name, words):
    with pytest.raises(ValueError, match=words):
        balancing.parse(name)
