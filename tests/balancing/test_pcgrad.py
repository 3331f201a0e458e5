"""PCGrad."""

import jax
import jax.numpy as jnp
import numpy as np

from balancing_support import KEY, J, close, direction, oracles, weights, wide
from evenvae.balancing.pcgrad import visiting_order


def test_known_values():
    np.testing.assert_allclose(direction("pcgrad", J), [0.5848, 3.8012, 3.8012], atol=1e-4)


def test_stored_cases(precision):
    dtype, within, cases = precision
    for case in cases:
        rows = wide(case["J"]).astype(dtype)
        noise = jnp.asarray(case["pcgrad"]["perms"])
        expected = wide([case["pcgrad"]["vector"]])[0]
        close(direction("pcgrad", rows, noise=noise), expected, within(1e-12), err_msg=case["name"])


def test_stored_dependent_rows():
    for case in oracles()["rank_deficient"]:
        noise = jnp.asarray(case["pcgrad"]["perms"])
        close(weights("pcgrad", np.array(case["J"]), noise=noise), case["pcgrad"]["weights"], 1e-12)


def test_pcgrad_without_conflict_is_the_sum():
    rows = np.abs(np.random.default_rng(0).normal(size=(4, 6)))
    np.testing.assert_allclose(direction("pcgrad", rows), rows.sum(0), rtol=1e-12)


def test_pcgrad_of_two_conflicting_rows_is_orthogonal_to_each_original():
    rows = np.array([[1.0, 0.2], [-1.0, 0.5]])
    first = rows[0] - rows[0] @ rows[1] / (rows[1] @ rows[1]) * rows[1]
    second = rows[1] - rows[0] @ rows[1] / (rows[0] @ rows[0]) * rows[0]
    assert abs(first @ rows[1]) < 1e-12
    np.testing.assert_allclose(direction("pcgrad", rows), first + second, atol=1e-12)


def test_orders_are_permutations_and_each_is_uniform():
    orders = np.asarray(jax.vmap(lambda key: visiting_order("pcgrad", 4, key, None))(jax.random.split(KEY, 3000)))
    assert (np.sort(orders, axis=-1) == np.arange(4)).all()
    for task in range(4):
        others = orders[:, task][orders[:, task] != task].reshape(-1, 3)
        _, counts = np.unique(others, axis=0, return_counts=True)
        # six orders, 500 each; five standard deviations of a binomial count
        assert len(counts) == 6
        assert np.abs(counts - 500).max() < 5 * np.sqrt(3000 / 6 * 5 / 6)
