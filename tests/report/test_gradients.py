"""The gradients of the columns at the shared features."""

import equinox as eqx
import jax
import numpy as np

from evenvae import EvenVAE, tables
from evenvae.report import gradients
from evenvae.training import first_states, loss


def test_gradients_are_those_of_the_loss(fitted, table):
    """Their sum is the gradient of the whole loss at the shared feature, by JAX's own differentiation."""
    model = fitted.fitted_
    batch = jax.device_put(model.batch(tables.encode(table.iloc[:16], model.schema)))
    network, state = model.members[0]
    network = gradients.on_device(network)
    scales, key, method = model.space.device_scales, jax.random.key(4), model.plan.method
    (rows,), losses = gradients.feature_gradients(network, state, batch, scales, key, method)
    assert rows.shape == (6, 16 * 16)
    # moving every row of the shared feature by one vector is moving the heads' bias by its image
    kernel = np.asarray(network.model.heads.kernel)
    states = first_states(network, method)._replace(encoder=state)

    def of_bias(bias):
        moved = network._replace(model=_with_bias(network.model, bias))
        return loss(moved, states, batch, scales, key, method)

    by_bias = np.asarray(jax.grad(of_bias)(network.model.heads.bias))
    summed = np.asarray(rows).sum(0).reshape(16, 16).sum(0)
    np.testing.assert_allclose(summed, by_bias @ kernel.T, rtol=2e-3, atol=1e-5)
    assert np.isfinite(losses).all()


def _with_bias(model, bias):
    return eqx.tree_at(lambda m: m.heads.bias, model, bias)


def test_cosines_of_known_rows():
    rows = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0], [0.0, 0.0]])
    norms, cosines, plain, balanced = gradients.compare(rows, np.array([1.0, 0.0]))
    np.testing.assert_allclose(norms, [1, 2, 1, 0])
    np.testing.assert_allclose(cosines[0, :3], [1, 0, -1])
    np.testing.assert_allclose(plain[:3], [0, 1, 0])
    np.testing.assert_allclose(balanced[:3], [1, 0, -1])
    assert np.isnan(cosines[3]).all()
    assert np.isnan(balanced[3])


def test_models_with_a_mixture_and_slices(table):
    model = EvenVAE(model="hivae", latent_size=2, epochs=1).fit(table).fitted_
    end, _ = gradients.comparisons(model, tables.encode(table, model.schema), seed=0)
    assert np.isfinite(end.balanced).all()
