"""One gradient, balanced at the last shared features.

The picture of the architecture page, in code: the model runs forward once, the objective turns log-likelihoods
into coefficients, the heads take their own plain gradient, the balancer mixes the columns' gradients with
respect to the trunk's output, and one backward pass carries the mixture to every shared parameter.

A model has an encoder, a trunk and heads. The latent is the seam between the first two, because an objective may
weigh what reaches the encoder otherwise than what reaches the trunk (DReG).
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from evenvae.likelihoods import Scale
from evenvae.models import Cells, as_tuple, linear, log_prob
from evenvae.objectives import Objective
from evenvae.training.watching import balance_linear_heads


class Network(NamedTuple):
    """Everything that is trained: the model (encoder, trunk, heads) and its prior."""

    model: Any
    prior: Any


class States(NamedTuple):
    """What a step carries beside parameters: the encoder's, the objective's and the balancers' memory.

    ``balancer`` holds a state for every decision: for every shared feature, and twice that where decoder and
    encoder are balanced apart. ``prior`` is the memory of a prior that learns by steps of its own.
    """

    encoder: Any
    objective: Any
    balancer: Any
    prior: Any = ()


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


def first_states(network: Network, method: Method, targets: Float[np.ndarray, " D"] | None = None) -> States:
    """States before the first step; ``targets`` in nats a cell, for objectives with constraints."""
    model = network.model
    features = model.heads.layout.features
    decisions = len(model.heads.kernels()[0]) * (2 if method.objective.doubly else 1)
    memory = () if method.balancer is None else tuple(method.balancer.init(features) for _ in range(decisions))
    aside = network.prior.init() if hasattr(network.prior, "init") else ()
    return States(model.encoder.init(), method.objective.init(features, targets), memory, aside)


def _infer(encoder, prior, states, cells, seen, scales, keys, objective):
    """Draws of the latent, the term that is not balanced, and the encoder's state and normalisation."""
    posterior, state = encoder(cells, seen, scales, states.encoder, keys[0])
    latent = posterior.sample(keys[1], objective.samples)
    if _analytic(objective, prior):
        side = prior.kl(posterior, latent)
    else:
        q = posterior.detached() if objective.doubly else posterior
        side = prior.log_prob(latent) - q.log_prob(latent)
    if hasattr(prior, "penalty"):
        # the same for every draw and row: coefficients of a row's draws sum to that of its KL
        side = side - prior.penalty(posterior)
    return (latent, side), (state, posterior.normalisation)


def _analytic(objective, prior) -> bool:
    return objective.analytic_kl and hasattr(prior, "kl")


def _bound(objective, prior, log_likelihood, side, mask, state):
    ratio, kl = (None, side) if _analytic(objective, prior) else (side, None)
    return objective.bound(log_likelihood, ratio, kl, mask, state)


def _seen(key, mask, method):
    return hide(key, mask, method.hide_cells) if method.hide_cells else mask


def _vjp(module, call, *inputs):
    """``jax.vjp`` of ``call(module, *inputs)`` with respect to the module's arrays and the inputs."""
    params, static = eqx.partition(module, eqx.is_inexact_array)
    return jax.vjp(lambda p, *a: call(eqx.combine(p, static), *a), params, *inputs)


def balanced_gradients(
    network: Network,
    states: States,
    cells: Cells,
    mask: Bool[Array, "rows D"],
    scales: tuple[Scale, ...],
    key: Key[Array, ""],
    method: Method,
) -> tuple[Network, States, Report]:
    """Gradients of the loss with respect to ``network``, with the columns balanced at the shared features.

    A column whose gradient is not finite is left out of this step and reported. With every weight 1 the result
    equals ``jax.grad`` of the loss.
    """
    keys = jax.random.split(key, 4)
    objective = method.objective
    model, prior = network
    layout = model.heads.layout
    seen = _seen(keys[3], mask, method)

    inference = (model.encoder, prior)
    inference_params, inference_static = eqx.partition(inference, eqx.is_inexact_array)

    def infer(params):
        encoder, prior = eqx.combine(params, inference_static)
        return _infer(encoder, prior, states, cells, seen, scales, keys, objective)

    (latent, side), inference_vjp, (encoder_state, normalisation) = jax.vjp(infer, inference_params, has_aux=True)
    features, trunk_vjp = _vjp(model.trunk, lambda trunk, z: trunk(z), latent)
    (kernels, bias), heads_vjp = _vjp(model.heads, lambda heads: heads.kernels())
    outputs = linear(as_tuple(features), kernels, bias)
    log_likelihood, likelihood_vjp = jax.vjp(
        lambda o: log_prob(layout, model.heads.natural(o, normalisation), cells, mask), outputs
    )
    bound, objective_state = _bound(objective, prior, log_likelihood, side, mask, states.objective)
    (cotangent,) = likelihood_vjp(jnp.broadcast_to(-bound.likelihood, log_likelihood.shape))

    feature = layout.feature_of_output
    rows = outputs.shape[0] * outputs.shape[1]
    flat = cotangent.reshape(rows, -1)
    column_losses = -(log_likelihood * bound.likelihood).sum((0, 1))
    # a sum over rows is finite only if every row is: the heads' bias gradient serves as the test
    sums = flat.sum(0)
    bad_outputs = jnp.zeros(layout.features).at[feature].add(~jnp.isfinite(sums))
    finite = (bad_outputs == 0) & jnp.isfinite(column_losses)
    flat = jnp.where(finite[feature], flat, 0)
    # a kernel that is shared by all pixels of an image sees them as rows; else this changes nothing
    as_rows = lambda y, kernel: (y.reshape(-1, kernel.shape[0]), flat.reshape(-1, kernel.shape[1]))
    pairs = [as_rows(y, kernel) for y, kernel in zip(as_tuple(features), kernels, strict=True)]
    of_kernels = tuple(y.T @ of_outputs for y, of_outputs in pairs)
    (heads_gradient,) = heads_vjp((of_kernels, jnp.where(finite[feature], sums, 0).reshape(bias.shape)))

    memory = list(states.balancer)

    def mix(flat, first):
        """The balanced cotangent of every shared feature, in the features' own structure."""
        mixed = []
        for number, (y, kernel) in enumerate(zip(as_tuple(features), kernels, strict=True), start=first):
            # a method without a balancer has no memory either
            own = memory[number] if memory else ()
            k = jax.random.fold_in(keys[2], number) if number else keys[2]
            v, own = balance_linear_heads(
                method.balancer,
                own,
                flat.reshape(-1, kernel.shape[1]),
                kernel,
                model.heads.feature,
                key=k,
                losses=column_losses,
            )
            if memory:
                memory[number] = own
            mixed.append(v.reshape(y.shape))
        return jax.tree.unflatten(jax.tree.structure(features), mixed)

    trunk_gradient, latent_cotangent = trunk_vjp(mix(flat, 0))
    side_cotangent = bound.kl if bound.ratio is None else -bound.ratio
    assert side_cotangent is not None
    if bound.path is not None:
        _, latent_cotangent = trunk_vjp(mix(flat * bound.path.reshape(rows, 1), len(kernels)))
        side_cotangent = side_cotangent * bound.path
    (inference_gradient,) = inference_vjp((latent_cotangent, side_cotangent.astype(side.dtype)))
    encoder_gradient, prior_gradient = inference_gradient
    if bound.path is not None and bound.ratio is not None:
        # the prior belongs to the decoder's side: its own coefficient, not the encoder's
        _, prior_vjp = _vjp(prior, lambda p: p.log_prob(jax.lax.stop_gradient(latent)))
        (prior_gradient,) = prior_vjp(-bound.ratio.astype(side.dtype))

    gradient = eqx.tree_at(
        lambda m: (m.encoder, m.trunk, m.heads),
        eqx.filter(model, eqx.is_inexact_array),
        (encoder_gradient, trunk_gradient, heads_gradient),
    )
    kl = jnp.mean(side) if _analytic(objective, prior) else -jnp.mean(side)
    return (
        Network(gradient, prior_gradient),
        States(encoder_state, objective_state, tuple(memory), states.prior),
        Report(bound.loss, column_losses, kl, finite),
    )


def evaluate(
    network: Network,
    states: States,
    cells: Cells,
    mask: Bool[Array, "rows D"],
    scales: tuple[Scale, ...],
    key: Key[Array, ""],
    method: Method,
) -> tuple[Float[Array, ""], Float[Array, " D"]]:
    """The loss and the columns' losses by themselves, with the randomness of the step."""
    keys = jax.random.split(key, 4)
    model, prior = network
    seen = _seen(keys[3], mask, method)
    (latent, side), (_, normalisation) = _infer(
        model.encoder, prior, states, cells, seen, scales, keys, method.objective
    )
    kernels, bias = model.heads.kernels()
    outputs = linear(as_tuple(model.trunk(latent)), kernels, bias)
    log_likelihood = log_prob(model.heads.layout, model.heads.natural(outputs, normalisation), cells, mask)
    bound, _ = _bound(method.objective, prior, log_likelihood, side, mask, states.objective)
    return bound.loss, -(log_likelihood * bound.likelihood).sum((0, 1))


def loss(*arguments: Any) -> Float[Array, ""]:
    """The unbalanced loss of `evaluate`, for checks against ``jax.grad``."""
    return evaluate(*arguments)[0]


def look_back(states: States, before: States, *arguments: Any) -> States:
    """States after every balancer that ``looks_back`` was told the losses of the batch under the moved network.

    ``arguments`` are those of the step with the new network in front and ``before``, its old states, left out.
    """
    network, cells, mask, scales, key, method = arguments
    _, losses = evaluate(network, before, cells, mask, scales, key, method)
    return states._replace(balancer=tuple(method.balancer.observe(own, losses) for own in states.balancer))
