"""One gradient, balanced at the last shared features.

The model runs forward once, the objective turns log-likelihoods into coefficients, the heads take their own plain
gradient, the balancer mixes the columns' gradients with respect to the trunk's output, and one backward pass carries
the mixture to every shared parameter.

A model has an encoder, a trunk and heads. The latent lies between the first two, because an objective may weigh what
reaches the encoder differently from what reaches the trunk (DReG).
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from evenvae.balancing import Balancer, balance_shared_features, plain_sum
from evenvae.likelihoods import Scale
from evenvae.models import Layout, as_tuple, linear, log_prob
from evenvae.models.batch import Batch
from evenvae.models.heads import auxiliary
from evenvae.objectives import Objective
from evenvae.training.cycle import cycle_distance
from evenvae.training.hiding import cell_weights, seen_of
from evenvae.training.settings import PrivacySettings


class Network(NamedTuple):
    """Everything that is trained: the model (encoder, trunk, heads) and its prior."""

    model: Any
    prior: Any


class States(NamedTuple):
    """What a step carries beside the parameters: the state of the encoder, the objective, the balancers and the prior.

    ``balancer`` holds one state for every shared feature, and twice as many where decoder and encoder are balanced
    separately. ``prior`` is the state of a prior that learns by steps of its own.
    """

    encoder: Any
    objective: Any
    balancer: tuple[Any, ...]
    prior: Any = ()


class Report(NamedTuple):
    """The figures of one step: losses, KL (mean over rows), and which columns had a finite gradient."""

    loss: Float[Array, ""]
    column_losses: Float[Array, " D"]
    kl: Float[Array, ""]
    finite: Bool[Array, " D"]


class Method(NamedTuple):
    """How to train: the objective, the balancer, and the largest share of cells to hide from the encoder.

    ``show_rows`` is the share of rows whose visible cells the decoder of a model with sight is shown; these hide at
    most the share ``hide_shown`` of their cells. There a visible cell counts ``shown_weight`` of a hidden one: it is
    there to be seen, and has only to be copied. With ``even_turns`` the hidden cells of a row count together as much,
    whether they are few or many; see `evenvae.training.hiding.cell_weights`. ``privacy`` is None where gradients are
    neither clipped row by row nor hidden by noise. With ``binarise`` grey pixels are drawn black or white in every
    step. ``cycle`` is the weight of `evenvae.training.cycle.cycle_distance` beside the KL.
    """

    objective: Objective
    balancer: Balancer = plain_sum()
    hide_cells: float = 0.0
    show_rows: float = 0.0
    hide_shown: float = 0.0
    shown_weight: float = 0.1
    even_turns: bool = False
    privacy: PrivacySettings | None = None
    binarise: bool = False
    cycle: float = 0.0


def decisions(network: Network, objective: Objective) -> int:
    """How many times a step balances: once for every shared feature, twice with a doubly reparametrised gradient."""
    return len(network.model.heads.kernels()[0]) * (2 if objective.doubly_reparametrised else 1)


def first_states(network: Network, method: Method, targets: Float[np.ndarray, " D"] | None = None) -> States:
    """States before the first step; ``targets`` are nats for every cell, for objectives with constraints."""
    model = network.model
    features = model.heads.layout.features
    memory = tuple(method.balancer.init(features) for _ in range(decisions(network, method.objective)))
    return States(model.encoder.init(), method.objective.init(features, targets), memory, network.prior.init())


def _infer(
    encoder: Any,
    prior: Any,
    states: States,
    batch: Batch,
    scales: tuple[Scale, ...],
    keys: Key[Array, " 4"],
    method: Method,
    model: Any,
) -> tuple[tuple[Any, Array], tuple[Any, Any, Any]]:
    """Draws of the latent with the term that is not balanced.

    ``model`` gives the decoder of a row as another task, which gets no gradient.

    Beside them the encoder's next state, what the heads must undo of its normalisation, and the draws as the prior
    sees them.
    """
    objective = method.objective
    posterior, state = encoder(batch, scales, states.encoder, keys[0])
    latent = posterior.sample(keys[1], objective.samples)
    seen_by_prior = posterior.latent_of(latent)
    if _analytic(objective, prior):
        side = prior.kl(posterior, seen_by_prior)
    else:
        q = posterior.detached() if objective.doubly_reparametrised else posterior
        side = prior.log_prob(seen_by_prior) - q.log_prob(latent)
    # what is the same for every draw of a row: the coefficients of its draws sum to that of its KL
    sign = 1 if _analytic(objective, prior) else -1
    if prior.has_penalty:
        side = side + sign * prior.penalty(posterior)
    if method.cycle:
        own_key = jax.random.fold_in(keys[1], 1)
        distance = cycle_distance(model, encoder, posterior, batch, scales, states.encoder, own_key)
        side = side + sign * method.cycle * distance
    return (latent, side), (state, posterior.normalisation, seen_by_prior)


def _analytic(objective: Objective, prior: Any) -> bool:
    return objective.analytic_kl and prior.has_closed_kl


def _bound(
    objective: Objective,
    prior: Any,
    log_likelihood: Array,
    side: Array,
    mask: Bool[Array | np.ndarray, "rows D"],
    state: Any,
) -> tuple[Any, Any]:
    ratio, kl = (None, side) if _analytic(objective, prior) else (side, None)
    return objective.bound(log_likelihood, ratio, kl, mask, state)


def _fit_of_cells(
    layout: Layout, parameters: Float[Array, "... P"], batch: Batch, scales: tuple[Scale, ...]
) -> Float[Array, "... D"]:
    """What training maximises of every cell: its log-likelihood, and what heads outside of the likelihood add."""
    added = auxiliary(layout, parameters, batch.cells, scales, batch.mask)
    return log_prob(layout, parameters, batch.cells, batch.mask) + added


def _vjp(module: Any, call: Any, *inputs: Any) -> tuple[Any, Any]:
    """``jax.vjp`` of ``call(module, *inputs)`` with respect to the module's arrays and the inputs."""
    params, static = eqx.partition(module, eqx.is_inexact_array)
    return jax.vjp(lambda p, *a: call(eqx.combine(p, static), *a), params, *inputs)


def balanced_gradients(
    network: Network,
    states: States,
    batch: Batch,
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
    mask = batch.mask
    seen = seen_of(keys[3], batch, method.hide_cells, method.show_rows, method.hide_shown)

    inference = (model.encoder, prior)
    inference_params, inference_static = eqx.partition(inference, eqx.is_inexact_array)

    def infer(params: Any) -> Any:
        encoder, prior = eqx.combine(params, inference_static)
        return _infer(encoder, prior, states, seen, scales, keys, method, model)

    (latent, side), inference_vjp, beside = jax.vjp(infer, inference_params, has_aux=True)
    encoder_state, normalisation, seen_by_prior = beside
    features, trunk_vjp = _vjp(model.trunk, lambda trunk, z: trunk(z), latent)
    (kernels, bias), heads_vjp = _vjp(model.heads, lambda heads: heads.kernels())
    outputs = linear(as_tuple(features), kernels, bias)
    weights = cell_weights(seen, mask, method.shown_weight, method.even_turns)
    log_likelihood, likelihood_vjp = jax.vjp(
        lambda o: weights * _fit_of_cells(layout, model.heads.parameters(o, normalisation), batch, scales), outputs
    )
    bound, objective_state = _bound(objective, prior, log_likelihood, side, mask, states.objective)
    (cotangent,) = likelihood_vjp(jnp.broadcast_to(-bound.likelihood, log_likelihood.shape))

    feature = layout.feature_of_output
    rows = outputs.shape[0] * outputs.shape[1]
    flat = cotangent.reshape(rows, -1)
    column_losses = -(log_likelihood * bound.likelihood).sum((0, 1))
    # a sum over rows is finite only if every row is: the gradient of the heads' bias serves as the test
    sums = flat.sum(0)
    bad_outputs = jnp.zeros(layout.features).at[feature].add(~jnp.isfinite(sums))
    finite = (bad_outputs == 0) & jnp.isfinite(column_losses)
    flat = jnp.where(finite[feature], flat, 0)
    # a kernel that all pixels of an image share sees the pixels as rows; elsewhere this changes nothing
    as_rows = lambda y, kernel: (y.reshape(-1, kernel.shape[0]), flat.reshape(-1, kernel.shape[1]))
    pairs = [as_rows(y, kernel) for y, kernel in zip(as_tuple(features), kernels, strict=True)]
    of_kernels = tuple(y.T @ of_outputs for y, of_outputs in pairs)
    (heads_gradient,) = heads_vjp((of_kernels, jnp.where(finite[feature], sums, 0).reshape(bias.shape)))
    if layout.reach is not None:
        flat = flat * layout.reach

    def mix(flat: Float[Array, "M P"], first: int) -> tuple[Any, tuple[Any, ...]]:
        """The balanced cotangent of the shared features, in their own structure, and the next states.

        ``first`` is the place of the first of these decisions among those of the step.
        """
        places = range(first, first + len(kernels))
        mixed, memory = balance_shared_features(
            [method.balancer] * len(kernels),
            states.balancer[first : first + len(kernels)],
            flat,
            kernels,
            model.heads.feature,
            keys=[jax.random.fold_in(keys[2], place) if place else keys[2] for place in places],
            losses=column_losses,
        )
        shaped = [v.reshape(y.shape) for v, y in zip(mixed, as_tuple(features), strict=True)]
        return jax.tree.unflatten(jax.tree.structure(features), shaped), tuple(memory)

    mixed, memory = mix(flat, 0)
    trunk_gradient, latent_cotangent = trunk_vjp(mixed)
    side_cotangent = bound.kl if bound.ratio is None else -bound.ratio
    assert side_cotangent is not None
    if bound.path is not None:
        mixed, more = mix(flat * bound.path.reshape(rows, 1), len(kernels))
        memory += more
        _, latent_cotangent = trunk_vjp(mixed)
        side_cotangent = side_cotangent * bound.path
    (inference_gradient,) = inference_vjp((latent_cotangent, side_cotangent.astype(side.dtype)))
    encoder_gradient, prior_gradient = inference_gradient
    if bound.path is not None and bound.ratio is not None:
        # the prior belongs to the decoder's side: its own coefficient, not the encoder's
        _, prior_vjp = _vjp(prior, lambda p: p.log_prob(jax.lax.stop_gradient(seen_by_prior)))
        (prior_gradient,) = prior_vjp(-bound.ratio.astype(side.dtype))

    gradient = eqx.tree_at(
        lambda m: (m.encoder, m.trunk, m.heads),
        eqx.filter(model, eqx.is_inexact_array),
        (encoder_gradient, trunk_gradient, heads_gradient),
    )
    kl = jnp.mean(side) if _analytic(objective, prior) else -jnp.mean(side)
    return (
        Network(gradient, prior_gradient),
        States(encoder_state, objective_state, memory, states.prior),
        Report(bound.loss, column_losses, kl, finite),
    )


def evaluate(
    network: Network,
    states: States,
    batch: Batch,
    scales: tuple[Scale, ...],
    key: Key[Array, ""],
    method: Method,
) -> tuple[Float[Array, ""], Float[Array, " D"]]:
    """The loss and the columns' losses by themselves, with the randomness of the step."""
    keys = jax.random.split(key, 4)
    model, prior = network
    seen = seen_of(keys[3], batch, method.hide_cells, method.show_rows, method.hide_shown)
    (latent, side), (_, normalisation, _) = _infer(model.encoder, prior, states, seen, scales, keys, method, model)
    kernels, bias = model.heads.kernels()
    outputs = linear(as_tuple(model.trunk(latent)), kernels, bias)
    parameters = model.heads.parameters(outputs, normalisation)
    log_likelihood = _fit_of_cells(model.heads.layout, parameters, batch, scales) * cell_weights(
        seen, batch.mask, method.shown_weight, method.even_turns
    )
    bound, _ = _bound(method.objective, prior, log_likelihood, side, batch.mask, states.objective)
    return bound.loss, -(log_likelihood * bound.likelihood).sum((0, 1))


def loss(*arguments: Any) -> Float[Array, ""]:
    """The unbalanced loss of `evaluate`, for checks against ``jax.grad``."""
    return evaluate(*arguments)[0]


def update_after_step(
    states: States,
    before: States,
    network: Network,
    batch: Batch,
    scales: tuple[Scale, ...],
    key: Key[Array, ""],
    method: Method,
) -> States:
    """States after the balancers were told the losses of the batch under the ``network`` that the step gave.

    ``before`` are the states at the beginning of the step, under which the losses are computed.
    """
    _, losses = evaluate(network, before, batch, scales, key, method)
    memory = tuple(method.balancer.update_after_step(own, losses) for own in states.balancer)
    return states._replace(balancer=memory)
