"""Balancers against vectors stored from an independent implementation, and against values known by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import close, direction, oracles, weights
from evenvae import balancing

J = np.array([[-4.0, 1, 1], [6.0, 1, 1]])
NAMES = {"none": "none", "mgda": "mgda-ub", "imtl_g": "imtl-g", "graddrop": "graddrop", "pcgrad": "pcgrad"}


@pytest.fixture(autouse=True)
def _float64():
    with jax.enable_x64(True):
        yield


@pytest.fixture(params=["float64", "float32"])
def precision(request):
    """Type of the rows, what a tolerance becomes in it (rows of single precision: 1e-4), and the cases to take."""
    double = request.param == "float64"
    cases = [case for case in oracles()["cases"] if double or case["name"].startswith("conflict")]
    assert len(cases) == (12 if double else 3)
    return np.dtype(request.param), lambda tolerance: tolerance if double else 1e-4, cases


def wide(rows, width=64):
    """Elements that are 0 in every row change nothing; with them cases of as many tasks share a compilation."""
    return np.pad(rows, ((0, 0), (0, width - np.shape(rows)[1])))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none", [2, 2, 2]),
        ("mgda-ub", [0, 1, 1]),
        ("mgda-ub[solver=frank-wolfe]", [0, 1, 1]),
        ("imtl-g", [0.0767, 1, 1]),
        ("pcgrad", [0.5848, 3.8012, 3.8012]),
        ("upgrad", [0.2929 - 0.0005, 1.9004 + 0.0002, 1.9006]),
        ("cagrad[c=0.5]", [0.1835, 1.2041, 1.2041]),
        ("aligned-mtl", [0.2133, 0.9673, 0.9673]),
    ],
)
def test_known_values(name, expected):
    np.testing.assert_allclose(direction(name, J), expected, atol=1e-4)


def test_nash_mtl_of_two_rows_is_the_known_direction():
    # the reference scales its answer to norm 1
    v = direction("nash-mtl", J)
    np.testing.assert_allclose(v / np.linalg.norm(v), [0.0542, 0.7061, 0.7061], atol=1e-4)


def test_graddrop_keeps_the_rows_of_one_sign():
    # purities: (6 - 4 + 10) / 20 = 0.6 for the first element, 1 for the others
    np.testing.assert_allclose(direction("graddrop", J, noise=jnp.array([0.5, 0.5, 0.5])), [6, 2, 2])
    np.testing.assert_allclose(direction("graddrop", J, noise=jnp.array([0.7, 0.5, 0.5])), [-4, 2, 2])


def test_stored_cases(precision):
    dtype, within, cases = precision
    for case in cases:
        rows, name = wide(case["J"]).astype(dtype), case["name"]
        vector = lambda key, entry="vector", case=case: wide([case[key][entry]])[0]
        close(direction("mgda-ub", rows), vector("mgda"), within(1e-8), err_msg=name)
        close(direction("imtl-g", rows), vector("imtl_g"), within(1e-9), err_msg=name)
        close(direction("nash-mtl", rows), vector("nash_mtl"), within(1e-8), err_msg=name)
        close(direction("upgrad", rows), vector("upgrad"), within(1e-6), err_msg=name)
        noise = jnp.asarray(case["pcgrad"]["perms"])
        close(direction("pcgrad", rows, noise=noise), vector("pcgrad"), within(1e-12), err_msg=name)
        noise = jnp.asarray(wide([case["graddrop"]["U"]])[0], dtype)
        close(direction("graddrop", rows, noise=noise), vector("graddrop"), within(1e-12), err_msg=name)
        leaking = balancing.graddrop(tuple(case["graddrop"]["leak"]))
        close(direction(leaking, rows, noise=noise), vector("graddrop", "vector_leak"), within(1e-12), err_msg=name)
        noise = jnp.asarray(case["rlw"]["normals"], dtype)
        close(weights("random-weighting", rows, noise=noise), case["rlw"]["weights"], within(1e-14), err_msg=name)


def test_stored_norm_of_mgda():
    for case in oracles()["cases"]:
        found = np.linalg.norm(direction("mgda-ub", wide(case["J"])))
        assert found == pytest.approx(case["mgda"]["norm"], rel=1e-10)


def test_stored_aligned_mtl(precision):
    dtype, within, cases = precision
    for case in cases:
        rows = np.array(case["J"]).astype(dtype)
        for scale in ("min", "median", "rmse"):
            w = weights(f"aligned-mtl[scale={scale}]", rows)
            close(w @ rows, np.array(case["aligned_mtl"][scale]) @ np.array(case["J"]), within(1e-8))


def test_stored_cagrad(precision):
    dtype, within, cases = precision
    for case in cases:
        exact = wide(case["J"])
        rows = exact.astype(dtype)
        for entry in case["cagrad"]:
            v = direction(f"cagrad[c={entry['c']}]", rows)
            close(v, np.array(entry["slsqp_weights"]) @ exact, within(1e-5))
            close(v, wide([entry["vector"]])[0], 2e-3)
            if dtype == np.float64:
                mean = exact.mean(0)
                gain = (exact @ v).min()
                assert gain >= entry["slsqp_min_inner"] - 1e-6 * abs(entry["slsqp_min_inner"])
                # where the mean is best already the radius is not used up
                assert np.linalg.norm(v - mean) <= entry["c"] * np.linalg.norm(mean) * (1 + 1e-9)


def test_stored_gradvac():
    for case in oracles()["cases"]:
        stored, rows = case["gradvac"], jnp.array(case["J"])
        balancer = balancing.gradvac(stored["beta"])
        step = jax.jit(balancer.weights)
        w, targets = step(rows @ rows.T, balancer.init(len(rows)), noise=jnp.array(stored["order"]))
        close(w, stored["weights"], 1e-12)
        close(targets, stored["ema_after"], 1e-12)


def test_stored_dependent_rows():
    for case in oracles()["rank_deficient"]:
        rows = np.array(case["J"])
        close(direction("imtl-g", rows), case["imtl_g_pinv"]["vector"], 1e-9)
        assert np.linalg.norm(direction("mgda-ub", rows)) == pytest.approx(case["mgda"]["norm"], abs=1e-10)
        close(weights("aligned-mtl", rows), case["aligned_mtl_min"], 1e-8)
        np.testing.assert_allclose(direction("upgrad", rows), case["upgrad_vector"], atol=1e-6 * case["frobenius"])
        noise = jnp.asarray(case["pcgrad"]["perms"])
        close(weights("pcgrad", rows, noise=noise), case["pcgrad"]["weights"], 1e-12)


def test_stored_zero_rows():
    for case in oracles()["zero_rows"]:
        rows = np.array(case["J"])
        for name, key, tolerance in (
            ("mgda-ub", "mgda_weights", 1e-8),
            ("imtl-g", "imtl_g_weights", 1e-9),
            ("nash-mtl", "nash_weights", 1e-8),
            ("cagrad[c=0.4]", "cagrad04_weights", 2e-3),
        ):
            found = weights(name, rows)
            close(found, case[key], tolerance)
            assert not found[case["zero_rows"]].any()


def test_stored_sign_guard():
    for case in oracles()["imtl_g_negative"]:
        rows = np.array(case["J"])
        found = weights("imtl-g", rows)
        np.testing.assert_allclose(found, case["weights_guarded"], rtol=1e-8)
        assert (rows @ (found @ rows) > 0).all()


class Fixed(balancing.Balancer):
    """Weights that were found elsewhere."""

    def __init__(self, values):
        object.__setattr__(self, "values", values)

    def weights(self, gram, state, **_):
        return jnp.asarray(self.values), state


def test_stored_combinations():
    for case in oracles()["combos"]:
        rows = np.array(case["J"])
        noise = {"pcgrad": jnp.asarray(case["pcgrad_perms"]), "graddrop": jnp.asarray(case["graddrop_U"])}
        assert len(case["out"]) == 12
        for combination, expected in case["out"].items():
            magnitude, last = combination.split("+")
            first = Fixed(case["gradnorm_weights"]) if magnitude == "gradnorm" else balancing.parse(NAMES[magnitude])
            balancer = balancing.chain(first, balancing.parse(NAMES[last]))
            given = {"noise": noise[last]} if last in noise else {}
            found = direction(balancer, rows, matched=True, **given)
            close(found, expected["vector_norm_matched"], 1e-9, err_msg=combination)
            if len(rows) == 4:
                close(direction(balancer, rows, **given), expected["vector"], 1e-9, err_msg=combination)


def test_stored_steps_of_gradnorm():
    for run in oracles()["gradnorm"]:
        balancer = balancing.gradnorm(alpha=run["alpha"])
        state = balancer.init(len(run["norms0"]))._replace(reference=jnp.array(run["norms0"]))
        for step in run["steps"]:
            w, state = balancer.weights(jnp.diag(jnp.array(step["norms"]) ** 2), state)
            close(w, step["weights_used"], 1e-9)
            close(state.logits, step["logits_after"], 1e-9)


def test_stored_steps_of_famo():
    run = oracles()["famo"]
    balancer = balancing.famo(run["lr"], run["weight_decay"], lower_bound=0.0)
    state = balancer.init(6)
    for step in run["steps"]:
        w, state = balancer.weights(jnp.eye(6), state, losses=jnp.array(step["loss_before"]))
        close(w, step["dscalar_dloss"], 1e-10)
        state = balancer.observe(state, jnp.array(step["loss_after"]))
        close(state.logits, step["logits_after"], 1e-10)


def test_stored_gradients_of_uncertainty_weighting():
    run = oracles()["uncertainty_weighting"]
    balancer = balancing.uncertainty_weighting()
    state = balancer.init(6)._replace(log_variance=jnp.array(run["log_var"]))
    w, after = balancer.weights(jnp.eye(6), state, losses=jnp.array(run["losses"]))
    close(w, run["dscalar_dloss"], 1e-12)
    # Adam's first moment after one step is a tenth of the gradient
    close(10 * after.optimiser[0].mu, run["dscalar_dlogvar"], 1e-12)
