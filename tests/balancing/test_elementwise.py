"""Methods that decide element by element."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from balancing_support import KEY, TASK
from evenvae import balancing
from evenvae.balancing import gram


@pytest.mark.parametrize("feature", [(*TASK, 3), (0, 1, 2, 3), (0, 0, 1, 2, 2, 3, 3, 1)], ids=str)
@pytest.mark.parametrize("name", ["graddrop", "graddrop[leak=0.1/0.9/0/1]", "imtl-g+graddrop", "mgda-ub+graddrop"])
def test_elementwise_methods_do_without_rows_what_they_do_with_them(name, feature, monkeypatch):
    rng = np.random.default_rng(0)
    task = np.array(feature)
    cotangent, kernel = rng.normal(size=(23, task.size)), rng.normal(size=(4, task.size))
    balancer = balancing.norm_match(balancing.parse(name))
    with jax.enable_x64(True):
        rows = balancing.rows_of_linear_heads(cotangent, kernel, task)
        expected, _ = balancer.update(rows, balancer.init(4), key=KEY)
        for size in (4 * 4 * 5, 10**6):
            monkeypatch.setattr(gram, "SLICE", size)
            found, _ = balancing.balance_linear_heads(
                balancer, balancer.init(4), jnp.asarray(cotangent), jnp.asarray(kernel), task, key=KEY
            )
            np.testing.assert_allclose(np.ravel(found), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.float32
@pytest.mark.parametrize("outputs", [1, 2])
def test_elementwise_methods_never_hold_all_rows(outputs):
    tasks, rows, hidden = 64, 8192, 16
    cotangent, kernel = jnp.ones((rows, tasks * outputs)), jnp.ones((hidden, tasks * outputs))
    drop = balancing.graddrop()
    feature = np.repeat(np.arange(tasks), outputs)
    ask = lambda c, w, k: balancing.balance_linear_heads(drop, (), c, w, feature, key=k)[0]
    used = jax.jit(ask).lower(cotangent, kernel, KEY).compile().memory_analysis().temp_size_in_bytes
    assert used < 0.5 * 4 * tasks * rows * hidden


def test_elementwise_methods_have_no_weights():
    balancer = balancing.parse("imtl-g+graddrop")
    with pytest.raises(TypeError, match="call update"):
        balancer.weights(jnp.eye(2), balancer.init(2), key=KEY)
