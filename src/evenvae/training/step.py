"""One gradient, balanced at the last shared feature.

The picture of the architecture page, in code: the model runs forward once, the objective turns log-likelihoods
into coefficients, the heads take their own plain gradient, the balancer mixes the columns' gradients with
respect to the trunk's output, and one backward pass carries the mixture to every shared parameter.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key

from evenvae import balancing
from evenvae.likelihoods import Scale
from evenvae.models import VAE, Cells, log_prob
from evenvae.objectives import Objective


class Network(NamedTuple):
    """Everything that is trained: the model and its prior."""

    model: VAE
    prior: Any


class States(NamedTuple):
    """What a step carries beside parameters: batch statistics, the objective's and the balancer's memory."""

    encoder: Any
    objective: Any
    balancer: Any


class Report(NamedTuple):
    """What one step says of itself."""

    loss: Float[Array, ""]
    column_losses: Float[Array, " D"]
    kl: Float[Array, ""]
    finite: Bool[Array, " D"]


class Method(NamedTuple):
    """How to train: the objective, the balancer (None for the plain sum) and the share of cells to hide."""

    objective: Objective
    balancer: Any | None
    hide_cells: float = 0.0


def hide(key: Key[Array, ""], mask: Bool[Array, "rows D"], most: float) -> Bool[Array, "rows D"]:
    """Hide observed cells from the encoder, each row its own share drawn from U(0, ``most``).

    The likelihood still scores them, so the encoder learns to answer from part of a row.
    """
    keys = jax.random.split(key)
    share = most * jax.random.uniform(keys[0], (mask.shape[0], 1))
    return mask & (jax.random.uniform(keys[1], mask.shape) >= share)


def balanced_gradients(
    network: Network,
    states: States,
    cells: Cells,
    mask: Bool[Array, "rows D"],
    scales: tuple[Scale, ...],
    key: Key[Array, ""],
    method: Method,
) -> tuple[Network, States, Report]:
    """Gradients of the loss with respect to ``network``, with the columns balanced at y.

    A column whose gradient is not finite is left out of this step and reported. With every weight 1 the result
    equals ``jax.grad`` of the loss.
    """
    keys = jax.random.split(key, 4)
    objective, balancer, hide_cells = method
    model, prior = network
    layout = model.heads.layout
    seen = hide(keys[3], mask, hide_cells) if hide_cells else mask
    shared = (eqx.tree_at(lambda m: m.heads, model, None, is_leaf=lambda x: x is None), prior)
    shared_params, shared_static = eqx.partition(shared, eqx.is_inexact_array)
    analytic = objective.analytic_kl and hasattr(prior, "kl")

    def shared_forward(params):
        trunk_model, prior = eqx.combine(params, shared_static)
        posterior, encoder_state = trunk_model.encoder(cells, seen, scales, states.encoder, keys[0])
        z = posterior.sample(keys[1], objective.samples)
        side = prior.kl(posterior) if analytic else prior.log_prob(z) - posterior.log_prob(z)
        return (trunk_model.trunk(z), side), encoder_state

    (y, side), shared_vjp, encoder_state = jax.vjp(shared_forward, shared_params, has_aux=True)
    kernel, bias = model.heads.kernel, model.heads.bias
    raw = y @ kernel + bias
    log_likelihood, likelihood_vjp = jax.vjp(lambda r: log_prob(layout, r, cells, mask), raw)
    bound, objective_state = objective.bound(
        log_likelihood, None if analytic else side, side if analytic else None, states.objective
    )
    (cotangent,) = likelihood_vjp(jnp.broadcast_to(-bound.likelihood, log_likelihood.shape))

    feature = layout.feature_of_output
    rows = y.shape[0] * y.shape[1]
    flat, y_flat = cotangent.reshape(rows, -1), y.reshape(rows, -1)
    column_losses = -(log_likelihood * bound.likelihood).sum((0, 1))
    # a sum over rows is finite only if every row is: the heads' bias gradient serves as the test
    sums = flat.sum(0)
    bad_outputs = jnp.zeros(layout.features).at[feature].add(~jnp.isfinite(sums))
    finite = (bad_outputs == 0) & jnp.isfinite(column_losses)
    flat = jnp.where(finite[feature], flat, 0)
    heads_gradient = eqx.tree_at(
        lambda h: (h.kernel, h.bias), model.heads, (y_flat.T @ flat, jnp.where(finite[feature], sums, 0))
    )

    v, balancer_state = balancing.balance_linear_heads(
        balancer, states.balancer, flat, kernel, feature, key=keys[2], losses=column_losses
    )

    side_cotangent = bound.kl if bound.ratio is None else -bound.ratio
    assert side_cotangent is not None
    (shared_gradient,) = shared_vjp((v.reshape(y.shape), side_cotangent.astype(side.dtype)))
    model_gradient, prior_gradient = shared_gradient
    model_gradient = eqx.tree_at(
        lambda m: m.heads,
        model_gradient,
        eqx.filter(heads_gradient, eqx.is_inexact_array),
        is_leaf=lambda x: x is None,
    )
    kl = jnp.mean(side) if analytic else -jnp.mean(side)
    report = Report(bound.loss, column_losses, kl, finite)
    return (
        Network(model_gradient, prior_gradient),
        States(encoder_state, objective_state, balancer_state),
        report,
    )


def loss(
    network: Network,
    states: States,
    cells: Cells,
    mask: Bool[Array, "rows D"],
    scales: tuple[Scale, ...],
    key: Key[Array, ""],
    method: Method,
) -> Float[Array, ""]:
    """The unbalanced loss by itself, for checks against ``jax.grad``; same randomness as the step."""
    keys = jax.random.split(key, 4)
    model, prior = network
    seen = hide(keys[3], mask, method.hide_cells) if method.hide_cells else mask
    posterior, _ = model.encoder(cells, seen, scales, states.encoder, keys[0])
    z = posterior.sample(keys[1], method.objective.samples)
    log_likelihood = log_prob(model.heads.layout, model.decode(z), cells, mask)
    analytic = method.objective.analytic_kl and hasattr(prior, "kl")
    kl = prior.kl(posterior) if analytic else None
    ratio = None if analytic else prior.log_prob(z) - posterior.log_prob(z)
    return method.objective.bound(log_likelihood, ratio, kl, states.objective)[0].loss
