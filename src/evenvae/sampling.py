"""Rows drawn under conditions: values by weighing latents, ranges and rules by rejection."""

import logging
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Int

from evenvae import latents, tables
from evenvae.conditions import Condition, Rule, described, rule_holds
from evenvae.errors import InputError
from evenvae.models import inference

log = logging.getLogger(__name__)
BATCH, ENOUGH_TRIES, LEAST_SHARE = 2_000, 20_000, 1e-3
PROPOSALS = 4096
FEW = 50.0

Rows = tuple[Float[np.ndarray, "n E"], Int[np.ndarray, "n T"] | None]
"""Encoded values, and the codes of the rows' tasks where the model knows tasks."""


def draw(
    model: Any, n: int, conditions: Sequence[Condition], rules: Sequence[Rule], wanted: dict[int, int], seed: Any
) -> Rows:
    """``n`` rows of a fitted model that satisfy all conditions and rules.

    Columns held at one value condition the latent: draws of z from the encoder's answer to those cells and from
    the prior, half each, are weighed by p(given cells | z) and resampled, and the other columns are drawn from the
    heads. Ranges, sets and rules reject. The model is conditioned, not retrained: conditions that are rare under it
    leave few latents to choose from, which is said.

    ``wanted`` holds the code of every task that is given, by its place; other tasks come as often as in training.

    Raises InputError when fewer than one row in a thousand passes.
    """
    generator = np.random.default_rng(seed)
    fixed = {c.column: c.value for c in conditions if c.value is not None}
    tested = [c for c in conditions if c.value is None]
    kept: list[Rows] = []
    tried = passed = 0
    while passed < n:
        share = max(passed / tried, LEAST_SHARE) if tried else 1.0
        count = int(min(max((n - passed) / share * 1.1, 64), BATCH))
        codes = None if model.task_counts_ is None else model.task_counts_.draw(count, wanted, generator)
        values = _given(model, fixed, codes, count, generator) if fixed else _free(model, codes, count, generator)
        good = np.logical_and.reduce([np.ones(count, bool), *(c.holds(values) for c in tested)])
        if rules:
            frame = tables.as_frame(tables.decode(values, model.schema_, tasks=codes))
            good = np.logical_and.reduce([good, *(rule_holds(rule, frame) for rule in rules)])
        kept.append((values[good], None if codes is None else codes[good]))
        tried, passed = tried + count, passed + int(good.sum())
        if tried >= ENOUGH_TRIES and passed < LEAST_SHARE * tried:
            raise InputError(
                f"Only {passed} of {tried} drawn rows satisfy {described(conditions, rules)}; ease the conditions."
            )
    values, codes = zip(*kept, strict=True)
    return np.concatenate(values)[:n], None if codes[0] is None else np.concatenate(codes)[:n]


def with_holes(
    model: Any, values: Float[np.ndarray, "n E"], codes: Any, conditions: Sequence[Condition], seed: Any
) -> Float[np.ndarray, "n E"]:
    """Drawn rows without the cells that the training table would lack; those under a condition stay.

    Raises InputError for a model file that was written before holes were learned.
    """
    if model.hole_pattern_ is None:
        raise InputError("missing=True: this model was saved without its pattern of holes; fit it again.")
    missing = model.hole_pattern_.draw(values, codes, model.schema_, None if seed is None else [seed, 1])
    missing[:, np.isin(model.schema_.first, [c.column for c in conditions])] = False
    return np.where(model.space_.layout.spread(missing), np.nan, values)


def _free(model: Any, codes: Any, count: int, generator: np.random.Generator) -> Float[np.ndarray, "count E"]:
    values = np.empty((count, model.space_.layout.elements))
    which = generator.integers(len(model.members_), size=count)
    size = inference.slice_rows(model.space_.layout, 1, count)
    for member in range(len(model.members_)):
        network = latents.sampled_from(model, member)
        rows = np.flatnonzero(which == member)
        for begin in range(0, len(rows), size):
            part = rows[begin : begin + size]
            of_part = None if codes is None else codes[np.resize(part, size)]
            drawn = inference.sample(network, model.space_.device_scales, _key(generator), size, of_part)
            values[part] = model.space_.to_raw(np.asarray(drawn)[: len(part)])
    return values


def _given(
    model: Any, fixed: dict[int, float], codes: Any, count: int, generator: np.random.Generator
) -> Float[np.ndarray, "count E"]:
    space = model.space_
    one = np.full((1, space.layout.elements), np.nan)
    one[0, list(fixed)] = list(fixed.values())
    observed = ~np.isnan(one[:, space.layout.first])
    proposals = int(np.clip(inference.BUDGET // (2 * space.layout.width), 64, PROPOSALS))
    points = inference.latent_points(proposals, model.plan_.network.points)
    which = generator.integers(len(model.members_), size=count)
    # rows of one member and one combination of tasks share their latents
    groups = which[:, None] if codes is None else np.column_stack([which, codes])
    combinations, group = np.unique(groups, axis=0, return_inverse=True)
    values = np.empty((count, space.layout.elements))
    for number, (member, *tasks) in enumerate(combinations):
        rows = np.flatnonzero(group.reshape(-1) == number)
        network, (_, state) = latents.sampled_from(model, member), model.members_[member]
        own = np.array(tasks, np.int32) if tasks else None
        cells = model._cells(one, observed, None if own is None else own[None])
        drawn, effective = inference.conditional(
            network, state, cells, observed, space.device_scales, points, _key(generator), BATCH, own
        )
        if float(effective) < FEW:
            log.warning("the given values are rare under the model: %.0f effective latents to draw from", effective)
        values[rows] = space.to_raw(np.asarray(drawn)[: len(rows)])
    values[:, list(fixed)] = list(fixed.values())
    return values


def _key(generator: np.random.Generator) -> Any:
    return jax.random.key(int(generator.integers(2**31)))
