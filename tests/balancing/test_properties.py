"""What each method's paper claims, on random rows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings

from balancing_support import (
    BLIND_TO_SCALE,
    DETERMINISTIC,
    KEY,
    NEVER_IN_CONFLICT,
    NON_NEGATIVE,
    direction,
    random_rows,
    shapes,
    weights,
)
from evenvae import balancing

some = settings(max_examples=20, deadline=None)
# matching norms and turning weights into a direction is done in one place: one method of each kind is enough
ONE_OF_A_KIND = ["none", "imtl-g", "pcgrad", "graddrop", "mgda-ub+graddrop", "imtl-g+pcgrad"]
PATHS = ["mgda-ub", "imtl-g", "pcgrad", "cagrad", "upgrad", "aligned-mtl"]


@pytest.fixture(autouse=True)
def _float64(request):
    with jax.enable_x64("float32" not in request.node.name):
        yield


@some
@given(shapes)
def test_norm_matching_keeps_the_norm_of_the_sum(shape):
    rows = random_rows(shape)
    for name in ONE_OF_A_KIND:
        v, matched = direction(name, rows), direction(name, rows, matched=True)
        # a direction more than a thousand times shorter than the sum is amplified by a thousand only
        most = 1e3 * np.linalg.norm(v)
        assert np.linalg.norm(matched) == pytest.approx(min(np.linalg.norm(rows.sum(0)), most), rel=1e-6), name


@some
@given(shapes)
def test_order_of_tasks_does_not_matter(shape):
    rows = random_rows(shape)
    order = np.random.default_rng(1).permutation(len(rows))
    for name in DETERMINISTIC:
        a, b = weights(name, rows), weights(name, rows[order])
        # far weights of nearly dependent rows cancel: compare what they add up to
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


@some
@given(shapes)
def test_imtl_g_projects_equally(shape):
    rows = random_rows(shape)
    v = direction("imtl-g", rows)
    projections = rows @ v / np.linalg.norm(rows, axis=1)
    assert np.ptp(projections) <= 1e-6 * np.linalg.norm(v)


@some
@given(shapes)
def test_mgda_meets_its_optimality_conditions(shape):
    rows = random_rows(shape)
    w = weights("mgda-ub", rows)
    v = w @ rows
    slack = rows @ v - v @ v
    size = np.linalg.norm(rows, axis=1) * np.linalg.norm(v)
    assert w.sum() == pytest.approx(1)
    assert (slack >= -1e-8 * size).all()
    assert np.abs(w * slack).max() <= 1e-8 * (w * size).max()


@some
@given(shapes)
def test_mgda_by_frank_wolfe_is_never_shorter_and_comes_near(shape):
    rows = random_rows(shape)
    exact = np.linalg.norm(direction("mgda-ub", rows))
    found = np.linalg.norm(direction("mgda-ub[solver=frank-wolfe,iterations=5000,tolerance=0]", rows))
    assert exact * (1 - 1e-9) <= found <= exact + 0.02 * np.linalg.norm(rows, axis=1).min()


@some
@given(shapes)
def test_upgrad_is_linear_in_the_scale_of_rows(shape):
    rows = random_rows(shape)
    rng = np.random.default_rng(2)
    one, two = rng.uniform(0.1, 2, (2, len(rows), 1))
    apart = direction("upgrad", one * rows) + direction("upgrad", two * rows)
    size = np.abs(rows).max() * 4
    np.testing.assert_allclose(direction("upgrad", (one + two) * rows), apart, atol=1e-6 * size)


@some
@given(shapes)
def test_pcgrad_of_two_rows_is_twice_upgrad(shape):
    rows = random_rows((2, *shape[1:]))
    expected = 2 * direction("upgrad", rows)
    np.testing.assert_allclose(direction("pcgrad", rows), expected, atol=1e-8 * np.abs(rows).max())


@some
@given(shapes)
def test_nash_mtl_solves_its_equation(shape):
    rows = random_rows(shape)
    w = weights("nash-mtl", rows)
    np.testing.assert_allclose(w * (rows @ (w @ rows)), 1, atol=1e-6)


@some
@given(shapes)
def test_cagrad_lies_in_its_ball_and_gains_on_the_mean(shape):
    rows = random_rows(shape)
    mean = rows.mean(0)
    v = direction("cagrad[c=0.5]", rows)
    assert np.linalg.norm(v - mean) <= 0.5 * np.linalg.norm(mean) * (1 + 1e-6)
    size = np.linalg.norm(rows, axis=1).max() * np.linalg.norm(mean)
    assert (rows @ v).min() >= (rows @ mean).min() - 1e-9 * size
    np.testing.assert_allclose(direction("cagrad[c=0]", rows), mean, atol=1e-12 * np.abs(rows).max())


@some
@given(shapes)
def test_graddrop_is_the_sum_on_average(shape):
    rows = random_rows(shape)
    # midpoints of 1000 equal parts: each element's mean is exact to one part
    uniforms = (np.arange(1000) + 0.5) / 1000
    mean = np.mean([direction("graddrop", rows, noise=jnp.full(rows.shape[1], u)) for u in uniforms[::10]], axis=0)
    np.testing.assert_allclose(mean, rows.sum(0), atol=0.011 * np.abs(rows).sum(0).max())
    np.testing.assert_allclose(direction("graddrop[leak=1]", rows), rows.sum(0), atol=1e-12 * np.abs(rows).max())


@some
@given(shapes)
def test_gram_path_equals_row_path_in_float32(shape):
    rows = random_rows(shape).astype(np.float32)
    for name in PATHS:
        v, w = direction(name, rows), weights(name, rows)
        # conflicting rows may nearly cancel: compare on the scale of the weighted rows, not of their sum
        size = np.abs(np.asarray(w)[:, None] * rows).max()
        np.testing.assert_allclose(np.asarray(w) @ rows, v, atol=5e-4 * size, err_msg=name)


def test_aligned_rows_are_orthogonal_and_of_one_length():
    rows = random_rows((4, 9, 1, 2))
    # the weights of every row's own preference are the transformation's columns
    values, vectors = np.linalg.eigh(rows @ rows.T)
    aligned = np.sqrt(values[0]) * vectors @ np.diag(values**-0.5) @ vectors.T @ rows
    np.testing.assert_allclose(aligned @ aligned.T, values[0] * np.eye(4), atol=1e-9 * values[0])
    np.testing.assert_allclose(direction("aligned-mtl", rows), aligned.mean(0), rtol=1e-8)


def test_pcgrad_without_conflict_is_the_sum():
    rows = np.abs(np.random.default_rng(0).normal(size=(4, 6)))
    np.testing.assert_allclose(direction("pcgrad", rows), rows.sum(0), rtol=1e-12)


def test_pcgrad_of_two_conflicting_rows_is_orthogonal_to_each_original():
    rows = np.array([[1.0, 0.2], [-1.0, 0.5]])
    first = rows[0] - rows[0] @ rows[1] / (rows[1] @ rows[1]) * rows[1]
    second = rows[1] - rows[0] @ rows[1] / (rows[0] @ rows[0]) * rows[0]
    assert abs(first @ rows[1]) < 1e-12
    np.testing.assert_allclose(direction("pcgrad", rows), first + second, atol=1e-12)


def test_power_norm_between_its_ends():
    rows = random_rows((4, 6, 3, 3))
    np.testing.assert_allclose(direction("power-norm[gamma=0]", rows), rows.sum(0), rtol=1e-9)
    lengths = weights("equal-norm", rows) * np.linalg.norm(rows, axis=1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-9)
    assert weights("equal-norm", rows).sum() == pytest.approx(4)


def run(balancer, steps, gram, losses=None):
    """State after ``steps`` calls with the same rows."""
    step = lambda state, k: (balancer.weights(gram, state, key=k, losses=losses)[1], None)
    return jax.lax.scan(step, balancer.init(len(gram)), jax.random.split(KEY, steps))[0]


def test_gradnorm_settles_where_weighted_norms_are_equal():
    norms = jnp.array([0.3, 1.0, 4.0])
    balancer = balancing.gradnorm(learning_rate=1e-3)
    gram = jnp.diag(norms**2)
    w, _ = balancer.weights(gram, run(balancer, 6000, gram))
    assert float(w.sum()) == pytest.approx(3)
    # Adam at a constant rate circles the optimum by a few of its steps
    np.testing.assert_allclose(w * norms, (w * norms).mean(), rtol=0.02)


def test_gradnorm_with_alpha_helps_the_task_that_lags():
    balancer = balancing.gradnorm(alpha=1.0, reference_step=0)
    state = balancer.init(2)
    _, state = balancer.weights(jnp.eye(2), state)
    for _ in range(50):
        w, state = balancer.weights(jnp.diag(jnp.array([1.0, 0.2]) ** 2), state)
    plain = balancing.gradnorm(alpha=0.0)
    even, _ = plain.weights(jnp.diag(jnp.array([1.0, 0.2]) ** 2), run(plain, 51, jnp.diag(jnp.array([1, 0.04]))))
    assert w[0] / w[1] > even[0] / even[1]


def test_uncertainty_settles_at_the_size_of_the_loss():
    losses = jnp.array([0.5, 1.0, 3.0])
    balancer = balancing.uncertainty_weighting()
    state = run(balancer, 3000, jnp.eye(3), losses)
    np.testing.assert_allclose(jnp.exp(state.log_variance), losses, rtol=0.02)
    bounded = run(balancer, 3000, jnp.eye(3), -losses)
    assert (bounded.log_variance == -5).all()


def test_famo_turns_to_the_loss_that_falls_slowest():
    balancer = balancing.famo()
    state = balancer.init(2)
    for _ in range(20):
        _, state = balancer.weights(jnp.eye(2), state, losses=jnp.array([1.0, 1.0]))
        state = balancer.observe(state, jnp.array([0.5, 0.99]))
    w, _ = balancer.weights(jnp.eye(2), state, losses=jnp.array([1.0, 1.0]))
    assert w[1] > 1.5 * w[0]
    assert float(w.sum()) == pytest.approx(1)


def test_gradvac_remembers_cosines_and_acts_on_them():
    # a row that used to agree and now is orthogonal is drawn back towards the other
    balancer = balancing.gradvac()
    agree, apart = jnp.array([[1.0, 0.1], [1.0, 0]]), jnp.array([[0.0, 1], [1.0, 0]])
    state = balancer.init(2)
    for _ in range(5):
        _, state = balancer.update(agree, state, key=KEY)
    v, _ = balancer.update(apart, state, key=KEY)
    assert (v > 1.5).all()


def test_random_weights_are_a_distribution_and_even_on_average():
    balancer = balancing.random_weighting()
    draw = lambda k: balancer.weights(jnp.eye(3), (), key=k)[0]
    drawn = jax.vmap(draw)(jax.random.split(KEY, 2000))
    np.testing.assert_allclose(drawn.sum(1), 1, rtol=1e-9)
    np.testing.assert_allclose(drawn.mean(0), 1 / 3, atol=0.02)


def test_mgda_normalisations_change_how_weights_are_found_alone():
    rows = random_rows((5, 9, 0, 2))
    norms, losses = np.linalg.norm(rows, axis=1), np.array([0.5, 2.0, 3.0, 1.0, 0.1])
    for option, divisor in (("l2", norms), ("loss", losses), ("loss+", norms * losses)):
        expected = weights("mgda-ub", rows / divisor[:, None])
        found = weights(f"mgda-ub[normalise={option}]", rows, losses=jnp.asarray(losses))
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_released_mgda_is_the_plain_sum_of_its_support():
    rows = random_rows((3, 8, 0, 0))
    w = weights("mgda-ub[released=true]", rows)
    np.testing.assert_allclose(w, np.where(weights("mgda-ub", rows) > 0, 1e-3, 0))
