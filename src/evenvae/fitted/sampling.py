"""Rows drawn under conditions: values by weighing latents, ranges and rules by rejection."""

import logging
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from evenvae import threefry
from evenvae.errors import InputError
from evenvae.fitted import kernels
from evenvae.fitted.as_read import as_read
from evenvae.fitted.asking import BUDGET, in_slices, known, slice_rows
from evenvae.fitted.conditions import Condition, describe
from evenvae.fitted.model import FittedModel
from evenvae.fitted.noise import latent_noise
from evenvae.fitted.rules import Rule, decoded
from evenvae.fitted.unmasking import unmasked
from evenvae.part import check_whole
from evenvae.tables import Encoded, MissingnessModel
from evenvae.tables.derived.computing import derive
from evenvae.tables.missingness import DrawnPart

log = logging.getLogger(__name__)
BATCH, BATCH_GIVEN, ENOUGH_TRIES, LEAST_SHARE = 16 * 1024, 2_000, 20_000, 1e-3
PROPOSALS = 4096
CALIBRATION = 16 * 1024
"""Rows that show how often the model's own draws would lack cells."""
FEW = 50.0
"""Effective latents below which the model has little to choose from, and a warning says so."""

_CALIBRATED: weakref.WeakKeyDictionary[FittedModel, MissingnessModel] = weakref.WeakKeyDictionary()
"""What `_calibrated` found, as long as the model is in use."""

Rows = tuple[Float[np.ndarray, "n E"], Int[np.ndarray, "n T"]]
"""Raw values, and the codes of the rows' tasks."""


def sample(
    model: FittedModel,
    n: Any,
    conditions: Sequence[Condition] = (),
    rules: Sequence[Rule] = (),
    tasks: Mapping[int, int] | None = None,
    seed: Any = None,
) -> Rows:
    """``n`` new rows that satisfy all conditions and rules.

    Columns that are held at one value condition the latent: draws of z from the encoder's answer to those cells and
    from the prior, half each, are weighed by p(given cells | z) and resampled, and the other columns are drawn from
    the heads. Columns with a formula are then computed, before anything is tested: a given value of such a column
    moves its source where the formula can be inverted. Rows that break a condition or a rule are rejected. The model
    is conditioned, not retrained: conditions that are rare under it leave few latents to choose from, and a warning
    says so. A model with a polish (see `Sampling`) draws more rows than it gives, and chooses among those that satisfy
    everything.

    Args:
        model: to draw from.
        n: number of rows, a whole number.
        conditions: on columns.
        rules: between columns, as `rules.read` gives them.
        tasks: the code of every task that is given, by its place among the task columns; other tasks occur as often as
            in training.
        seed: an integer, a list of integers, or None for a new draw every time.

    Raises:
        InputError: ``n`` is no whole number of at least 1, or fewer than one row in a thousand satisfies the
            conditions, or the model answers a column with NaN.
    """
    values, codes = zip(*sampled(model, n, conditions, rules, tasks, seed), strict=True)
    return np.concatenate(values), np.concatenate(codes)


def sampled(
    model: FittedModel,
    n: Any,
    conditions: Sequence[Condition] = (),
    rules: Sequence[Rule] = (),
    tasks: Mapping[int, int] | None = None,
    seed: Any = None,
) -> Iterator[Rows]:
    """The rows of `sample`, some at a time, as they are drawn."""
    n = check_whole("n", n)
    generator = np.random.default_rng(seed)
    fixed = {c.column: c.value for c in conditions if c.value is not None}
    times = 1.0 if model.polish is None else model.polish.times
    tried = passed = kept = 0
    while kept < n:
        # a tenth more than needed where some are rejected
        share = max(passed / tried, LEAST_SHARE) / 1.1 if passed < tried else 1.0
        count = int(min(max(times * (n - kept) / share, 64), BATCH_GIVEN if fixed else BATCH))
        codes = model.task_counts.draw(count, tasks or {}, generator)
        values = _given(model, fixed, codes, generator) if fixed else free_rows(model, codes, generator)
        values, contradicted = derive(known(model, values), model.schema, _known(model, fixed, count))
        good = np.logical_and.reduce([~contradicted, *(c.holds(values) for c in conditions)])
        if rules:
            frame = decoded(values, model.schema, codes)
            good = np.logical_and.reduce([good, *(rule.holds(frame) for rule in rules)])
        tried, passed = tried + count, passed + int(good.sum())
        values, codes = values[good], codes[good]
        if model.polish is not None:
            chosen = model.polish.kept(values, codes, model.schema, generator)
            values, codes = values[chosen], codes[chosen]
        yield values[: n - kept], codes[: n - kept]
        kept += len(values)
        if tried >= ENOUGH_TRIES and passed < LEAST_SHARE * tried:
            raise InputError(
                f"Only {passed} of {tried} drawn rows satisfy {describe(conditions, rules)}; ease the conditions."
            )


def gathered(pieces: Iterator[Any], size: int | None) -> Iterator[Any]:
    """Drawn rows joined to arrays of at least ``size`` rows, or to a single one for None.

    Args:
        pieces: values and codes of tasks, as `sampled` gives them.
        size: the least number of rows of all but the last.
    """
    kept: list[Any] = []
    join = lambda: tuple(np.concatenate(parts) for parts in zip(*kept, strict=True))
    for piece in pieces:
        kept.append(piece)
        if size is not None and sum(len(values) for values, _ in kept) >= size:
            yield join()
            kept = []
    if kept:
        yield join()


def _beside(seed: Any, number: int) -> list[int] | None:
    """A seed for draws that are independent of those by ``seed`` itself; None stays None."""
    return None if seed is None else [*np.atleast_1d(seed).tolist(), number]


def with_missing_cells(
    model: FittedModel,
    values: Float[np.ndarray, "n E"],
    tasks: Int[np.ndarray, "n T"],
    conditions: Sequence[Condition],
    seed: Any,
    part: DrawnPart | None = None,
) -> Float[np.ndarray, "n E"]:
    """Drawn rows without the cells that would be missing in the training table; cells under a condition stay.

    Among rows that are drawn without conditions, every column lacks as many cells as in the table. Conditions and
    rules change that, as far as missing cells depend on what they ask for. Models that were saved without the shares
    of their table answer as they did, without this correction. ``part`` says of which rows these are a part.

    Raises:
        InputError: the model was saved before the missing cells were modelled.
    """
    if model.plan.privacy is not None:
        raise InputError("missing=True: a private fit does not learn which cells are missing. Leave it out.")
    if model.missingness is None:
        raise InputError("missing=True: this model was saved without its model of missing cells; fit it again.")
    missing = _calibrated(model, model.missingness).draw(values, tasks, model.schema, _beside(seed, 1), part)
    missing[:, np.isin(model.schema.first, [c.column for c in conditions])] = False
    return np.where(model.space.layout.spread(missing), np.nan, values)


def drawn_rows(model: FittedModel, count: int, seed: Any, *, missing: bool) -> Encoded:
    """New rows as whoever gets them reads them: rounded, bounded and with the grid of the training table."""
    values, tasks = sample(model, count, seed=seed)
    if missing and model.missingness is not None:
        values = with_missing_cells(model, values, tasks, (), seed)
    return as_read(values, tasks, model.schema)


def empty_constants(
    model: FittedModel, n: int, seed: Any, part: DrawnPart | None = None
) -> dict[str, Bool[np.ndarray, "{n}"]]:
    """The rows in which constant columns are left empty, as many as in the training table: nothing explains them.

    ``part`` says of which rows these ``n`` are a part.
    """
    seed = _beside(seed, 2)
    generator = np.random.default_rng(seed)
    uniform = lambda place: generator.random(n) if part is None else part.uniform(seed, place, n)
    holes = [column for column in model.schema.columns if column.role == "constant" and column.missing_share > 0]
    return {column.name: uniform(place) < column.missing_share for place, column in enumerate(holes)}


def _calibrated(model: FittedModel, missingness: MissingnessModel) -> MissingnessModel:
    """The model of missing cells for this model's own draws.

    It takes draws of its own, with a fixed seed, so that the answer depends on the fitted model alone: neither on the
    rows at hand nor on whether the model was saved in between. It is found at the first question and kept; a fit does
    not pay for it.
    """
    if model not in _CALIBRATED:
        if missingness.needs_calibration:
            generator = np.random.default_rng([CALIBRATION, 0])
            codes = model.task_counts.draw(CALIBRATION, {}, generator)
            values = free_rows(model, codes, generator)
            missingness = missingness.calibrated(values, codes, model.schema, generator)
        _CALIBRATED[model] = missingness
    return _CALIBRATED[model]


def free_rows(
    model: FittedModel, codes: Int[np.ndarray, "n T"], generator: np.random.Generator
) -> Float[np.ndarray, "n E"]:
    """Rows without a condition on a value; the members of an ensemble draw about equally many."""
    if model.plan.rounds > 1:
        return _in_rounds(model, {}, len(codes), generator)
    count, space = len(codes), model.space
    values = np.empty((count, space.layout.elements))
    which = generator.integers(len(model.members), size=count)
    size, scales = slice_rows(space.layout), space.device_scales
    for member in range(len(model.members)):
        rows = np.flatnonzero(which == member)
        if len(rows):
            network = jax.device_put(model.network(member, to_sample=True))
            draw = lambda tasks, key, own=network: kernels.sample(own, scales, key, tasks)
            values[rows] = space.drawn(in_slices(draw, codes[rows], size, _key(generator)))
    return values


def _known(model: FittedModel, fixed: dict[int, float], count: int) -> Bool[np.ndarray, "{count} D"]:
    """The cells that are held at a value, by row and feature."""
    return np.broadcast_to(np.isin(model.schema.first, list(fixed)), (count, len(model.schema.features)))


def _given(
    model: FittedModel, fixed: dict[int, float], codes: Int[np.ndarray, "n T"], generator: np.random.Generator
) -> Float[np.ndarray, "n E"]:
    """Rows in which the columns ``fixed`` (by their place in a row) have these values."""
    if model.plan.rounds > 1:
        return _in_rounds(model, fixed, len(codes), generator)
    space, count = model.space, len(codes)
    one = np.full((1, space.layout.elements), np.nan)
    one[0, list(fixed)] = list(fixed.values())
    observed = ~np.isnan(one[:, space.layout.first])
    proposals = int(np.clip(BUDGET // (2 * space.layout.width), 64, PROPOSALS))
    noise = latent_noise(proposals, model.plan.network.noise_size)
    which = generator.integers(len(model.members), size=count)
    # rows of one member and one combination of tasks share their latents
    combinations, group = np.unique(np.column_stack([which, codes]), axis=0, return_inverse=True)
    values = np.empty((count, space.layout.elements))
    for number, (member, *tasks) in enumerate(combinations):
        rows = np.flatnonzero(group.reshape(-1) == number)
        network, state = model.network(int(member), to_sample=True), model.members[member].encoder_state
        batch = space.batch(one, observed, np.array([tasks], np.int32).reshape(1, -1))
        drawn, effective = kernels.conditional(
            network, state, batch, space.device_scales, noise, _key(generator), BATCH_GIVEN
        )
        if float(effective) < FEW:
            log.warning("the given values are rare under the model: %.0f effective latents to draw from", effective)
        values[rows] = space.drawn(np.asarray(drawn)[: len(rows)])
    values[:, list(fixed)] = list(fixed.values())
    return values


def _in_rounds(
    model: FittedModel, fixed: dict[int, float], count: int, generator: np.random.Generator
) -> Float[np.ndarray, "{count} E"]:
    """Rows of a model with sight, drawn in turn; the columns ``fixed`` are shown from the first round on."""
    values = np.full((count, model.space.layout.elements), np.nan)
    values[:, list(fixed)] = list(fixed.values())
    which = generator.integers(len(model.members), size=count)
    for member in range(len(model.members)):
        values[which == member] = unmasked(model, values[which == member], member, generator, to_sample=True)
    return values


def _key(generator: np.random.Generator) -> threefry.Raw:
    return threefry.key(int(generator.integers(2**31)))
