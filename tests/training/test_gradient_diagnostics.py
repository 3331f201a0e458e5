"""What is recorded of the columns' gradients, and that recording changes nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evenvae.report.gradients import feature_gradients
from evenvae.training import OPPOSED, train
from training_support import setup


def gradients_of_the_first_step(mixed, balance):
    """Rows of the first step's gradients by the report's own way, and the balancer of the run."""
    runs, skeleton, data, streams, _, method, *_ = setup(mixed, balance=balance)
    one = lambda tree: jax.tree.map(lambda leaf: leaf[0], tree)
    network = skeleton.network(one(runs.params))
    rows = streams[0].steps(0, 1)[0]
    key = jax.random.fold_in(jax.random.wrap_key_data(runs.key[0]), 0)
    batch = data.table.take(rows, network.model.heads.layout)
    (found,), _ = feature_gradients(network, one(runs.states.encoder), batch, data.scales, key, method)
    return np.asarray(found, np.float64), method.balancer


@pytest.mark.parametrize("balance", [None, "imtl-g", "graddrop"])
def test_what_is_recorded_of_the_gradients_is_that_of_the_last_step(mixed, balance):
    rows, balancer = gradients_of_the_first_step(mixed, balance)
    record = train(*setup(mixed, balance=balance, steps=1, chunk=1)).history[0]
    norms = np.linalg.norm(rows, axis=1)
    # float32: the Gramian's identity sums in another order than the rows
    np.testing.assert_allclose(record["gradient_norms"][0], norms, rtol=1e-4)
    pairs = ((rows @ rows.T) / np.outer(norms, norms))[np.triu_indices(6, 1)]
    assert record["gradient_cosine"][0] == pytest.approx(pairs.mean(), abs=1e-5)
    assert record["gradient_conflicts"][0] == pytest.approx((pairs < -OPPOSED).mean())
    assert ("gradient_weights" in record) == (balance == "imtl-g")
    if balance == "imtl-g":
        weights, _ = balancer.weights(jnp.asarray(rows @ rows.T, jnp.float32), balancer.init(6))
        np.testing.assert_allclose(record["gradient_weights"][0], weights, rtol=1e-3)


@pytest.mark.parametrize("balance", [None, "gradnorm+pcgrad"], ids=["plain", "balanced"])
def test_looking_at_the_gradients_changes_nothing(mixed, balance):
    seen = train(*setup(mixed, seeds=(0, 1), balance=balance))
    unseen = train(*setup(mixed, seeds=(0, 1), balance=balance, record_gradients=False))
    # two programs, which XLA may fuse otherwise: alike but for rounding
    for one, other in zip(jax.tree.leaves(seen.runs.params), jax.tree.leaves(unseen.runs.params), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5)
    assert "gradient_norms" in seen.history[0]
    assert "gradient_norms" not in unseen.history[0]
